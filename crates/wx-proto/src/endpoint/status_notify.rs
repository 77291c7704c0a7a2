//! `POST webwxstatusnotify`: notifies the phone of the login, or that a conversation was read
//! ([§8.4](crate::protocol#s8-4), [P90](crate::protocol#p90)).

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::base_request::BaseRequest;
use crate::model::hosts::HostRole;
use crate::model::ids::{DeviceId, UserName};
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{Purpose, Seed};
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::reply;

/// Notifies the phone of the login, with code 3, or that a conversation was read, with code 1.
#[derive(Clone, Debug)]
pub struct StatusNotify {
    /// The conversation that was read.
    read: Option<UserName>,
    device_id: DeviceId,
    at: UnixMs,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    base_request: BaseRequest<'a>,
    code: u8,
    from_user_name: &'a str,
    to_user_name: &'a str,
    client_msg_id: UnixMs,
}

#[derive(Deserialize)]
struct Fields {}

impl StatusNotify {
    /// Notifies the phone of the login, at the time of the seed.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { read: None, device_id: seed.device_id(Purpose::NotifyDevice), at: seed.unix_ms }
    }

    /// Marks the conversation with `user`, a person or a room, as read on the phone. The official
    /// page does this when an unread conversation is opened.
    #[must_use]
    pub fn mark_read(user: UserName, seed: Seed) -> Self {
        Self { read: Some(user), ..Self::new(seed) }
    }
}

impl Endpoint for StatusNotify {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = ();

    fn name(&self) -> &'static str {
        "webwxstatusnotify"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_alive(self.at)?;
        let own_name = session.own_name()?.as_str();
        ApiRequest::builder(self, session, cgi!("webwxstatusnotify"))
            .cookies_at(self.at)
            .session_pairs()
            .json(&Request {
                base_request: BaseRequest::new(session, &self.device_id),
                code: if self.read.is_some() { 1 } else { 3 },
                from_user_name: own_name,
                to_user_name: self.read.as_ref().map_or(own_name, UserName::as_str),
                client_msg_id: self.at,
            })
    }

    fn read(reply: &Response<Bytes>) -> Result<(), ReplyError> {
        reply::accepted::<Fields>(reply, REPLY_LIMIT).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn p90_the_request_of_the_vector() {
        let vector: Value =
            serde_json::from_str(include_str!("../../tests/vectors/statusnotify_read.json"))
                .unwrap();
        let case = &vector["request"];
        let text = |pointer: &str| case.pointer(pointer).unwrap().as_str().unwrap();
        let session = Session::builder("https://wx.qq.com")
            .uin(case["body"]["BaseRequest"]["Uin"].as_u64().unwrap().try_into().unwrap())
            .sid(text("/body/BaseRequest/Sid"))
            .skey(text("/body/BaseRequest/Skey"))
            .user_name(text("/body/FromUserName"))
            .pass_ticket(text("/query/1/1"))
            .data_ticket("t")
            .build()
            .unwrap();
        let unix_ms = UnixMs::new(case["body"]["ClientMsgId"].as_u64().unwrap());
        let user = UserName::new(text("/body/ToUserName")).unwrap();
        let call = StatusNotify::mark_read(user, Seed { unix_ms, entropy: [4; 16] });
        let request = call.request(&session).unwrap();
        assert_eq!(request.http().method(), text("/method"));
        assert_eq!(request.http().uri().path(), text("/path"));
        assert_eq!(request.http().uri().query(), Some(text("/query_text")));
        let json = String::from_utf8(request.http().body().to_vec()).unwrap();
        let sent: Value = serde_json::from_str(&json).unwrap();
        let device_id = sent["BaseRequest"]["DeviceID"].as_str().unwrap();
        let expected = text("/body_text").replace(text("/body/BaseRequest/DeviceID"), device_id);
        assert_eq!(json, expected);
        let reply = Response::new(Bytes::from(vector["response"]["body"].to_string()));
        assert_eq!(StatusNotify::read(&reply), Ok(()));
    }
}
