//! `POST webwxsendappmsg`: what was uploaded becomes a message as a file (`docs/protocol.md` §4.8).
//! For pictures it is the other way, which scripts for the File Transfer Helper take (§8.8).

use bytes::Bytes;
use http::Response;

use super::Endpoint;
use super::message::{self, Kind, Message, Receipt};
use crate::endpoint::api_request::ApiRequest;
use crate::model::ids::{MediaId, UserName};
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{LocalId, Seed};
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::entities;
use crate::wire::query::QueryBuilder;

/// Sends a file. LocalID and ClientMsgId follow from the seed: to repeat the call, repeat the same
/// value.
#[derive(Clone, Debug)]
pub struct SendAppMsg {
    message: Message,
    content: String,
}

impl SendAppMsg {
    /// Sends what was uploaded as `media_id`, `len` bytes under the name `name`, to `to`.
    #[must_use]
    pub fn new(media_id: &MediaId, name: &str, len: u64, to: UserName, seed: Seed) -> Self {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let [title, media_id, extension] =
            [name, media_id.as_str(), extension].map(entities::encode);
        let content = format!(
            "<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>{title}</title><des></des><action></action><type>6</type>\
             <content></content><url></url><lowurl></lowurl><appattach><totallen>{len}</totallen>\
             <attachid>{media_id}</attachid><fileext>{extension}</fileext></appattach><extinfo></extinfo></appmsg>"
        );
        Self { message: Message::new(None, to, seed), content }
    }

    /// LocalID and ClientMsgId of this message.
    #[must_use]
    pub fn local_id(&self) -> &LocalId {
        self.message.local_id()
    }
}

impl Endpoint for SendAppMsg {
    const NAME: &'static str = "webwxsendappmsg";
    type Context = Session;
    type Reply = Receipt;

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let target =
            QueryBuilder::new(cgi!("webwxsendappmsg")).pair("fun", "async").pair("f", "json");
        let kind = Kind {
            endpoint: Self::NAME,
            target,
            msg_type: 6,
            emoji_flag: None,
            content: Some(&self.content),
        };
        self.message.request(kind, session)
    }

    fn read(&self, reply: &Response<Bytes>) -> Result<Receipt, ReplyError> {
        message::read(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_the_pages_xml_with_its_name_escaped() {
        let session = Session::builder("https://filehelper.weixin.qq.com")
            .uin(1)
            .sid("s")
            .skey("k")
            .user_name("@me");
        let session = session.data_ticket("t").build().unwrap();
        let (id, to) = (MediaId::new("@crypt_1").unwrap(), UserName::new("filehelper").unwrap());
        let call = SendAppMsg::new(
            &id,
            "a<b>&\"c\".JPG",
            12,
            to,
            Seed { unix_ms: 1_511_493_942_795, entropy: [7; 16] },
        );
        let outgoing = call.request(&session).unwrap();
        assert_eq!(
            outgoing.http().uri(),
            "https://filehelper.weixin.qq.com/cgi-bin/mmwebwx-bin/webwxsendappmsg?fun=async&f=json&lang=zh_CN"
        );
        let body: serde_json::Value =
            serde_json::from_slice(&outgoing.http().body().to_vec()).unwrap();
        let msg = &body["Msg"];
        assert_eq!((&msg["Type"], &msg["LocalID"]), (&6.into(), &call.local_id().as_str().into()));
        assert!(msg.get("MediaId").is_none() && msg.get("EmojiFlag").is_none());
        assert_eq!(
            msg["Content"],
            "<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>a&lt;b&gt;&amp;&quot;c&quot;.JPG</title><des></des>\
             <action></action><type>6</type><content></content><url></url><lowurl></lowurl><appattach>\
             <totallen>12</totallen><attachid>@crypt_1</attachid><fileext>JPG</fileext></appattach><extinfo></extinfo></appmsg>"
        );
    }
}
