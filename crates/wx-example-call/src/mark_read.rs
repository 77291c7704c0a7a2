use bytes::Bytes;
use http::{Method, Response};
use serde::Deserialize;
use serde_json::json;
use wx_proto::endpoint::{BaseRequest, Endpoint, REPLY_LIMIT, read_json};
use wx_proto::{Accept, ApiRequest, HostRole, ReplyError, RequestError, Seed, Session, UserName};

/// Marks a conversation as read on the phone: `POST webwxstatusnotify` with code 1.
#[derive(Clone, Debug)]
pub struct MarkRead {
    user_name: UserName,
    seed: Seed,
}

impl MarkRead {
    /// Creates the call for the conversation with `user_name`, a person or a room.
    #[must_use]
    pub fn new(user_name: UserName, seed: Seed) -> Self {
        Self { user_name, seed }
    }
}

impl Endpoint for MarkRead {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = ();

    fn name(&self) -> &'static str {
        "webwxstatusnotify"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_login()?;
        let own_name = session.user_name().ok_or(RequestError::InitDue)?;
        ApiRequest::builder(self, session, "/cgi-bin/mmwebwx-bin/webwxstatusnotify")
            .cookies_at(self.seed.unix_ms)
            .session_pairs()
            .json(&json!({
                "BaseRequest": BaseRequest::from_seed(session, &self.seed),
                "Code": 1,
                "FromUserName": own_name,
                "ToUserName": self.user_name,
                "ClientMsgId": self.seed.unix_ms,
            }))
    }

    fn read(reply: &Response<Bytes>) -> Result<(), ReplyError> {
        #[derive(Deserialize)]
        struct Nothing {}
        read_json(reply, REPLY_LIMIT).map(|Nothing {}| ())
    }
}
