//! `GET webwxgeticon` and `GET webwxgetheadimg`: the avatar of a person or a room
//! ([§3.6](crate::protocol#s3-6), [P86](crate::protocol#p86)).

use bytes::Bytes;
use http::{Method, Response};

use super::Endpoint;
use super::download::{self, Whole};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::get_msg_img::format;
use crate::model::avatar::Avatar;
use crate::model::hosts::HostRole;
use crate::model::image_format::ImageFormat;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::query::QueryBuilder;
use crate::wire::reply;

/// Requests an avatar.
#[derive(Clone, Debug)]
pub struct GetAvatar {
    avatar: Avatar,
    /// Whether `chatroomid` is added to the address that the server gave.
    in_room: bool,
    at: UnixMs,
}

impl GetAvatar {
    /// Requests `avatar` at the address that the server gave, or else at the one that the official
    /// page writes.
    #[must_use]
    pub fn new(avatar: Avatar, seed: Seed) -> Self {
        Self { avatar, in_room: false, at: seed.unix_ms }
    }

    /// Returns the request to make if the server has replied with no picture: the given address
    /// with the `chatroomid` of a room that the owner is a member of. `None` if that address had
    /// one, or if no room is known.
    #[must_use]
    pub fn in_room(&self) -> Option<Self> {
        let source = self.avatar.source();
        let given = source.head_img_url.as_ref().filter(|url| !url.has("chatroomid"));
        let is_new = !self.in_room && given.is_some() && source.encry_chat_room_id.is_some();
        is_new.then(|| Self { in_room: true, ..self.clone() })
    }
}

impl Endpoint for GetAvatar {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Image;
    type Reply = Option<(ImageFormat, Bytes)>;

    fn name(&self) -> &'static str {
        self.avatar.call()
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_alive(self.at)?;
        let (avatar, source) = (&self.avatar, self.avatar.source());
        // Addresses are written like the ones that the server gives, which are not encoded.
        let (mut request, is_given) = match &source.head_img_url {
            Some(url) => {
                let url = url.with_skey(&QueryBuilder::raw(session.skey_or_empty()));
                (ApiRequest::builder(self, session, &url), true)
            }
            None => {
                let request = ApiRequest::builder(self, session, &avatar.path())
                    .pair("seq", 0)
                    .raw_pair("username", avatar.user_name().as_str())
                    .raw_pair("skey", session.skey_or_empty());
                (request, false)
            }
        };
        if let Some(room) = source.encry_chat_room_id.as_ref().filter(|_| !is_given || self.in_room)
        {
            request = request.raw_pair("chatroomid", room.as_str());
        }
        if let Some(msg_id) = source.msg_id.as_ref().filter(|_| !is_given) {
            request = request.pair("msgid", msg_id);
        }
        request.cookies_at(self.at).empty()
    }

    /// Returns the format, by the first bytes, and the bytes of the picture, unchanged. An empty
    /// reply says that there is no picture. The whole picture is in memory here;
    /// [`FetchAvatar`](crate::flow::FetchAvatar) streams it.
    fn read(reply: &Response<Bytes>) -> Result<Self::Reply, ReplyError> {
        let bytes = match download::body(reply, Policy::default().max_fetch, Whole::Ok) {
            Err(ReplyError::Empty) => return Ok(None),
            bytes => bytes?,
        };
        match format(&bytes) {
            Err(ReplyError::Json) => Err(reply::json_error(&bytes)),
            format => Ok(Some((format?, bytes))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::model::contact::Contact;
    use crate::model::message::Message;
    use crate::wire::list::Element;

    const SKEY: &str = "@crypt_00000000_00000000000000000000000000000000";

    fn vector() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/avatars.json")).unwrap()
    }

    fn session() -> Session {
        let builder = Session::builder("https://wx.qq.com").uin(1).sid("s").skey(SKEY);
        builder.user_name("@me").data_ticket("t").build().unwrap()
    }

    fn request(call: &GetAvatar) -> ApiRequest {
        call.request(&session()).unwrap()
    }

    fn get(avatar: Avatar) -> GetAvatar {
        GetAvatar::new(avatar, Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] })
    }

    fn contact(json: &Value) -> Avatar {
        let json = RawValue::from_string(json.to_string()).unwrap();
        Contact::from_json(&json).unwrap().avatar()
    }

    /// Returns the avatar of a case: of a contact, or of a stranger.
    fn avatar(case: &Value) -> Avatar {
        let mut fields = case["contact"].clone();
        if let Some(msg_id) = fields["MsgId"].as_str() {
            let message = json!({
                "MsgId": msg_id, "MsgType": 37, "FromUserName": "fmessage",
                "RecommendInfo": { "UserName": fields["UserName"] },
            });
            let json = RawValue::from_string(message.to_string()).unwrap();
            return Message::from_json(&json).unwrap().avatar().unwrap();
        }
        fields["HeadImgUrl"] = case["head_img_url"].clone();
        if fields["UserName"].is_null() {
            fields["UserName"] = "@fedc".into();
        }
        contact(&fields)
    }

    #[test]
    fn p86_requests_of_the_vector() {
        let mut checked = 0;
        for case in vector()["cases"].as_array().unwrap() {
            let call = get(avatar(case));
            let request = request(&call);
            let (http, uri) = (request.http(), request.http().uri());
            assert_eq!(http.method(), "GET");
            assert_eq!(http.headers()["cookie"], "webwx_data_ticket=t");
            if let Some(url) = case["expect_url"].as_str() {
                assert_eq!(uri.to_string(), url);
            } else if let Some(path) = case["expect_path"].as_str() {
                let pairs = case["expect_query"].as_array().unwrap().iter();
                let pairs: Vec<_> = pairs
                    .map(|it| format!("{}={}", it[0].as_str().unwrap(), it[1].as_str().unwrap()))
                    .collect();
                assert_eq!((uri.path(), uri.query()), (path, Some(&*pairs.join("&"))), "{case}");
            } else {
                // Refused addresses are replaced by the page's.
                assert!(case["expect"].as_str().unwrap().starts_with("refused"));
                let query = format!("seq=0&username=@fedc&skey={SKEY}");
                assert_eq!((uri.host(), uri.query()), (Some("wx.qq.com"), Some(&*query)));
            }
            assert!(uri.path().ends_with(request.endpoint()), "{case}");
            assert!(call.in_room().is_none());
            checked += 1;
        }
        assert_eq!(checked, 8);
    }

    #[test]
    fn p86_answers_of_the_vector() {
        for answer in vector()["answers"].as_array().unwrap() {
            let mut body = b"\xff\xd8\xff\xfe\0\x02\xff\xfe\0\x02".to_vec();
            body.resize(answer["body_length"].as_u64().unwrap() as usize, 7);
            let body = Bytes::from(body);
            let reply = Response::builder()
                .status(answer["status"].as_u64().unwrap() as u16)
                .header("content-type", answer["content_type"].as_str().unwrap())
                .header("content-length", body.len())
                .body(body.clone())
                .unwrap();
            let expected = match answer["outcome"].as_str().unwrap() {
                "picture" => Some((ImageFormat::Jpeg, body)),
                "none" => None,
                other => panic!("{other}"),
            };
            assert!(GetAvatar::read(&reply) == Ok(expected), "{answer}");
        }
    }

    #[test]
    fn p86_an_address_without_a_room_is_asked_once_more_with_it() {
        let given = "/cgi-bin/mmwebwx-bin/webwxgeticon?seq=7&username=@a&skey=";
        let of = |url: &str, room: &str| {
            get(contact(&json!({ "UserName": "@a", "HeadImgUrl": url, "EncryChatRoomId": room })))
        };
        let first = of(given, "@0f");
        assert_eq!(request(&first).http().uri().path_and_query().unwrap(), given);
        let second = first.in_room().unwrap();
        let expected = format!("{given}&chatroomid=@0f");
        assert_eq!(request(&second).http().uri().path_and_query().unwrap(), &*expected);
        assert!(second.in_room().is_none());
        assert!(of(given, "").in_room().is_none());
        assert!(of(&expected, "@0f").in_room().is_none());
    }

    #[test]
    fn p14_p86_the_skey_is_the_sessions_and_cannot_break_the_query() {
        let given = "/cgi-bin/mmwebwx-bin/webwxgeticon?seq=7&skey=@crypt_old&username=@a";
        let call = get(contact(&json!({ "UserName": "@a", "HeadImgUrl": given })));
        let builder = Session::builder("https://wx.qq.com").uin(1).sid("s").skey("@new&x=#");
        let session = builder.user_name("@me").data_ticket("t").build().unwrap();
        let request = call.request(&session).unwrap();
        assert_eq!(request.http().uri().query(), Some("seq=7&skey=@new%26x=%23&username=@a"));
    }
}
