//! `POST webwxrevokemsg`: revokes a message that was sent ([§4.11](crate::protocol#s4-11),
//! [P89](crate::protocol#p89)).

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::base_request::BaseRequest;
use crate::model::hosts::HostRole;
use crate::model::ids::{LocalId, MsgId};
use crate::model::recipient::Recipient;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::reply;

/// Revokes a message, so that it disappears from the recipient's conversation. Make the call only
/// once ([`OneCall::once`](crate::flow::OneCall::once)).
#[derive(Clone, Debug)]
pub struct RevokeMsg {
    msg_id: MsgId,
    client_msg_id: LocalId,
    /// When the message was sent, if that is known.
    sent_at: Option<UnixMs>,
    to: Recipient,
    seed: Seed,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    base_request: BaseRequest<'a>,
    svr_msg_id: &'a str,
    to_user_name: &'a str,
    client_msg_id: &'a str,
}

#[derive(Deserialize)]
struct Fields {}

impl RevokeMsg {
    /// The official page offers to revoke a message for this long.
    const WITHIN: Duration = Duration::from_secs(120);

    /// Revokes the message with these ids, which was sent to `to`. `seed` has the current time. The
    /// age of the message counts from the time in `local_id`, at which its job was begun: if the
    /// job took longer, set the time at which it was [sent](RevokeMsg::sent_at).
    #[must_use]
    pub fn new(msg_id: MsgId, local_id: LocalId, to: Recipient, seed: Seed) -> Self {
        let sent_at = Some(local_id.made_at());
        Self { msg_id, client_msg_id: local_id, sent_at, to, seed }
    }

    /// Revokes a message that was sent to `to` and of which only the MsgID is known. Its age is not
    /// checked, so the server decides whether it is too old. The `ClientMsgId` is a new one, which
    /// the server does not compare with that of the message ([§4.11](crate::protocol#s4-11)).
    #[must_use]
    pub fn by_id(msg_id: MsgId, to: Recipient, seed: Seed) -> Self {
        Self { msg_id, client_msg_id: seed.local_id(), sent_at: None, to, seed }
    }

    /// Sets the time at which the server accepted the message
    /// ([`Sent::accepted_at`](crate::Sent::accepted_at)). It is later than that of the LocalID if
    /// an upload came first, or if the message was sent again.
    #[must_use]
    pub fn sent_at(mut self, at: UnixMs) -> Self {
        self.sent_at = Some(at);
        self
    }
}

impl Endpoint for RevokeMsg {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = ();

    fn name(&self) -> &'static str {
        "webwxrevokemsg"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let now = self.seed.unix_ms;
        session.check_sender()?;
        session.check_alive(now)?;
        if self.to == Recipient::file_helper() {
            return Err(RequestError::NotRevocable);
        }
        let age = self.sent_at.and_then(|sent_at| now.checked_duration_since(sent_at));
        if age.is_some_and(|age| age > Self::WITHIN) {
            return Err(RequestError::TooOldToRevoke);
        }
        ApiRequest::builder(self, session, cgi!("webwxrevokemsg"))
            .cookies_at(now)
            .session_pairs()
            .json(&Request {
                base_request: BaseRequest::from_seed(session, &self.seed),
                svr_msg_id: self.msg_id.as_str(),
                to_user_name: self.to.as_str(),
                client_msg_id: self.client_msg_id.as_str(),
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

    fn vector() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/revoke.json")).unwrap()
    }

    fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
        value.pointer(pointer).unwrap().as_str().unwrap()
    }

    /// Returns the request for the vector's message at this age, in seconds.
    fn request(to: &str, age: u64) -> Result<ApiRequest, RequestError> {
        let vector = vector();
        let body = &vector["request"]["body"];
        let local_id = LocalId::new(text(body, "/ClientMsgId")).unwrap();
        assert_eq!(local_id.made_at(), UnixMs::new(1_511_493_942_795));
        let unix_ms = local_id.made_at().saturating_add(Duration::from_secs(age));
        let msg_id = MsgId::new(text(body, "/SvrMsgId")).unwrap();
        let seed = Seed { unix_ms, entropy: [4; 16] };
        RevokeMsg::new(msg_id, local_id, Recipient::new(to).unwrap(), seed).request(&session())
    }

    /// Returns the session of the vector.
    fn session() -> Session {
        let vector = vector();
        let body = &vector["request"]["body"];
        Session::builder("https://wx.qq.com")
            .uin(body["BaseRequest"]["Uin"].as_u64().unwrap().try_into().unwrap())
            .sid(text(body, "/BaseRequest/Sid"))
            .skey(text(body, "/BaseRequest/Skey"))
            .user_name("@me")
            .pass_ticket(text(&vector, "/request/query/1/1"))
            .data_ticket("t")
            .build()
            .unwrap()
    }

    #[test]
    fn p89_the_request_of_the_vector() {
        let vector = vector();
        let case = &vector["request"];
        let request = request(text(case, "/body/ToUserName"), 1).unwrap();
        assert_eq!(request.http().method(), text(case, "/method"));
        assert_eq!(request.http().uri().path(), text(case, "/path"));
        assert_eq!(request.http().uri().query(), Some(text(case, "/query_text")));
        assert_eq!(request.http().headers()["content-type"], text(case, "/content_type"));
        let json = String::from_utf8(request.http().body().to_vec()).unwrap();
        let sent: Value = serde_json::from_str(&json).unwrap();
        let device_id = text(&sent, "/BaseRequest/DeviceID");
        let drawn = text(case, "/body/BaseRequest/DeviceID");
        assert_eq!(json, text(case, "/body_text").replace(drawn, device_id));
    }

    #[test]
    fn p89_an_old_message_and_one_to_oneself_are_not_revoked() {
        for rule in vector()["local_rules"].as_array().unwrap() {
            let to = rule["to"].as_str().unwrap();
            let made = request(to, rule["age_s"].as_u64().unwrap());
            let expected = match (rule["expect"].as_str().unwrap(), to) {
                ("send", _) => Ok(()),
                (_, "filehelper") => Err(RequestError::NotRevocable),
                _ => Err(RequestError::TooOldToRevoke),
            };
            assert_eq!(made.map(|_| ()), expected, "{rule}");
        }
    }

    #[test]
    fn p89_the_age_is_that_of_the_acceptance_if_it_is_known_and_of_nothing_if_not() {
        let vector = vector();
        let id = |key| text(&vector["request"]["body"], key).to_owned();
        let msg_id = MsgId::new(id("/SvrMsgId")).unwrap();
        let local_id = LocalId::new(id("/ClientMsgId")).unwrap();
        let to = Recipient::new("@1f28").unwrap();
        let after = |ms| local_id.made_at().saturating_add(Duration::from_millis(ms));
        let late = after(300_000);
        let seed = Seed { unix_ms: late, entropy: [4; 16] };
        let revoke = || RevokeMsg::new(msg_id.clone(), local_id.clone(), to.clone(), seed);
        let by_id = RevokeMsg::by_id(msg_id.clone(), to.clone(), seed);
        let is_refused = |call: RevokeMsg| {
            call.request(&session()).is_err_and(|error| error == RequestError::TooOldToRevoke)
        };
        assert!(is_refused(revoke()));
        assert!(!is_refused(revoke().sent_at(after(180_000))));
        assert!(is_refused(revoke().sent_at(after(179_999))));
        assert!(!is_refused(by_id.clone()));
        let body = by_id.request(&session()).unwrap().http().body().to_vec();
        let sent: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(text(&sent, "/SvrMsgId"), msg_id.as_str());
        let client_msg_id = LocalId::new(text(&sent, "/ClientMsgId")).unwrap();
        assert_eq!(client_msg_id.made_at(), late);
    }

    #[test]
    fn p89_only_ret_0_is_revoked() {
        for answer in vector()["responses"].as_array().unwrap() {
            let reply = Response::new(Bytes::from(answer["body"].to_string()));
            let read = RevokeMsg::read(&reply);
            assert_eq!(read.is_ok(), answer["outcome"] == "recalled", "{read:?}");
        }
    }
}
