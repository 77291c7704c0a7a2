//! `GET webwxpushloginurl`: requests a prompt on the phone instead of a QR code
//! ([§8.7](crate::protocol#s8-7)).

use bytes::Bytes;
use http::{Method, Response};
use serde::Deserialize;

use super::js_login::LoginCode;
use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::fields::ReplyField;
use crate::model::hosts::HostRole;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::{lenient, reply};

/// Requests a prompt, using the long-lived cookies of an earlier login.
#[derive(Clone, Copy, Debug)]
pub struct PushLoginUrl {
    at: UnixMs,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default, deserialize_with = "lenient::text")]
    ret: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    msg: String,
    #[serde(default, deserialize_with = "lenient::text")]
    uuid: String,
}

impl PushLoginUrl {
    /// Creates the call, at the time `at`.
    #[must_use]
    pub fn new(at: UnixMs) -> Self {
        Self { at }
    }
}

impl Endpoint for PushLoginUrl {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = LoginCode;

    fn name(&self) -> &'static str {
        "webwxpushloginurl"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        ApiRequest::builder(self, session, cgi!("webwxpushloginurl"))
            .cookies_at(self.at)
            .pair("uin", session.uin_or_zero())
            .empty()
    }

    fn read(reply: &Response<Bytes>) -> Result<LoginCode, ReplyError> {
        reply::status(reply.status(), reply.headers())?;
        let json = reply::json(reply, REPLY_LIMIT)?;
        let fields: Fields = serde_json::from_slice(&json).map_err(|_| {
            ReplyError::from_text(&String::from_utf8_lossy(&json), ReplyField::Uuid)
        })?;
        match fields.ret.trim().parse() {
            Ok(0) => LoginCode::new(&fields.uuid).ok_or(ReplyError::Missing(ReplyField::Uuid)),
            Ok(ret) => Err(ReplyError::refused(ret, &fields.msg)),
            Err(_) => Err(ReplyError::Missing(ReplyField::Ret)),
        }
    }
}
