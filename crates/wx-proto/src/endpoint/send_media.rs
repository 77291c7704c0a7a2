//! `POST webwxsendmsgimg`, `webwxsendemoticon` and `webwxsendappmsg`: sends an upload as a message
//! ([§4.7](crate::protocol#s4-7), [§4.8](crate::protocol#s4-8),
//! [P42](crate::protocol#p42)–[P47](crate::protocol#p47)).

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::base_request::BaseRequest;
use crate::model::hosts::HostRole;
use crate::model::ids::{DeviceId, LocalId, MediaId, MsgId};
use crate::model::media_kind::{Content, KindRow, MediaKind};
use crate::model::profile::Profile;
use crate::model::recipient::Recipient;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{Purpose, Seed};
use crate::model::unix_ms::UnixMs;
use crate::model::uploaded::Uploaded;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::reply::Opened;
use crate::wire::{entities, lenient, reply};

/// Sends an upload as its [kind](Uploaded::kind). LocalID and ClientMsgId are derived from the
/// seed: to retry the call, use the same value.
#[derive(Clone, Debug)]
pub struct SendMedia {
    kind: MediaKind,
    media_id: MediaId,
    /// The XML of a file.
    app_msg: Option<String>,
    to: Recipient,
    local_id: LocalId,
    device_id: DeviceId,
    at: UnixMs,
}

/// The receipt of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The server's id of the message.
    pub msg_id: MsgId,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    base_request: BaseRequest<'a>,
    msg: Msg<'a>,
    scene: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Msg<'a> {
    r#type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji_flag: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    from_user_name: &'a str,
    to_user_name: &'a str,
    #[serde(rename = "LocalID")]
    local_id: &'a str,
    client_msg_id: &'a str,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "MsgID", default, deserialize_with = "lenient::text")]
    msg_id: String,
}

impl SendMedia {
    /// Sends `uploaded` to `to`.
    #[must_use]
    pub fn new(uploaded: &Uploaded, to: Recipient, seed: Seed) -> Self {
        let media_id = uploaded.media_id.clone();
        match uploaded.kind {
            MediaKind::File => Self::file(media_id, &uploaded.name, uploaded.bytes, to, seed),
            kind => Self::with_kind(kind, media_id, None, to, seed),
        }
    }

    /// Sends the upload `media_id` as an image.
    #[must_use]
    pub fn image(media_id: MediaId, to: Recipient, seed: Seed) -> Self {
        Self::with_kind(MediaKind::Image, media_id, None, to, seed)
    }

    /// Sends the upload `media_id` as an emoticon.
    #[must_use]
    pub fn emoticon(media_id: MediaId, to: Recipient, seed: Seed) -> Self {
        Self::with_kind(MediaKind::Emoticon, media_id, None, to, seed)
    }

    /// Sends the upload `media_id` as a file with this name and `len` bytes.
    #[must_use]
    pub fn file(media_id: MediaId, name: &str, len: u64, to: Recipient, seed: Seed) -> Self {
        let app_msg = app_msg(&media_id, name, len);
        Self::with_kind(MediaKind::File, media_id, Some(app_msg), to, seed)
    }

    fn with_kind(
        kind: MediaKind,
        media_id: MediaId,
        app_msg: Option<String>,
        to: Recipient,
        seed: Seed,
    ) -> Self {
        let device_id = seed.device_id(Purpose::MessageDevice);
        let (local_id, at) = (seed.local_id(), seed.unix_ms);
        Self { kind, media_id, app_msg, to, local_id, device_id, at }
    }

    /// Returns LocalID and ClientMsgId of this message, which are equal.
    #[must_use]
    pub fn local_id(&self) -> &LocalId {
        &self.local_id
    }

    /// The name of the call is the same for both profiles.
    fn row(&self) -> &'static KindRow {
        self.kind.row(Profile::Web)
    }
}

/// Returns the page's XML for a file ([§4.8](crate::protocol#s4-8)).
fn app_msg(media_id: &MediaId, name: &str, len: u64) -> String {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let [title, media_id, extension] = [name, media_id.as_str(), extension].map(entities::encode);
    format!(
        "<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>{title}</title><des></des>\
         <action></action><type>6</type><content></content><url></url><lowurl></lowurl>\
         <appattach><totallen>{len}</totallen><attachid>{media_id}</attachid>\
         <fileext>{extension}</fileext></appattach><extinfo></extinfo></appmsg>"
    )
}

impl Endpoint for SendMedia {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = Receipt;

    fn name(&self) -> &'static str {
        self.row().call
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_sender()?;
        let row = self.kind.row(session.site().profile());
        let (media_id, content) = match row.content {
            Content::MediaId => (Some(self.media_id.as_str()), Some("")),
            Content::MediaIdAlone => (Some(self.media_id.as_str()), None),
            Content::AppMsg => (None, self.app_msg.as_deref()),
        };
        let path = [cgi!(""), row.call].concat();
        let request = ApiRequest::builder(self, session, &path).cookies_at(self.at);
        let pairs = row.query.iter();
        let request = pairs.fold(request, |request, (key, value)| request.pair(key, value));
        request.session_pairs().json(&Request {
            base_request: BaseRequest::new(session, &self.device_id),
            msg: Msg {
                r#type: row.msg_type,
                emoji_flag: row.emoji_flag,
                media_id,
                content,
                from_user_name: session.own_name()?.as_str(),
                to_user_name: self.to.as_str(),
                local_id: self.local_id.as_str(),
                client_msg_id: self.local_id.as_str(),
            },
            scene: 0,
        })
    }

    /// Only Ret 0 with a MsgID means sent ([P45](crate::protocol#p45)). A Ret counts whatever the
    /// HTTP status, because the server has decided. Without a Ret, the status is reported.
    fn read(reply: &Response<Bytes>) -> Result<Receipt, ReplyError> {
        let fields: Fields = match reply::open(reply, REPLY_LIMIT).and_then(Opened::accepted) {
            Ok(fields) => fields,
            Err(refused @ ReplyError::Refused { .. }) => return Err(refused),
            Err(error) => return reply::status(reply.status(), reply.headers()).and(Err(error)),
        };
        match MsgId::new(fields.msg_id) {
            Ok(msg_id) if msg_id.as_str().bytes().any(|digit| digit != b'0') => {
                Ok(Receipt { msg_id })
            }
            _ => Err(ReplyError::NoMsgId),
        }
    }
}

#[cfg(test)]
mod tests;
