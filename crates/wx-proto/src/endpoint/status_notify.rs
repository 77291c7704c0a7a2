//! `POST webwxstatusnotify`: notifies the phone of the login ([§8.4](crate::protocol#s8-4)).

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::base_request::BaseRequest;
use crate::model::hosts::HostRole;
use crate::model::ids::DeviceId;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{Purpose, Seed};
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::reply;

/// Notifies the phone of the login, with code 3.
#[derive(Clone, Debug)]
pub struct StatusNotify {
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
    /// Creates the call, at the time of the seed.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { device_id: seed.device_id(Purpose::NotifyDevice), at: seed.unix_ms }
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
                code: 3,
                from_user_name: own_name,
                to_user_name: own_name,
                client_msg_id: self.at,
            })
    }

    fn read(reply: &Response<Bytes>) -> Result<(), ReplyError> {
        reply::accepted::<Fields>(reply, REPLY_LIMIT).map(|_| ())
    }
}
