//! `POST webwxlogout`: ends a login ([§8.7](crate::protocol#s8-7)).

use bytes::Bytes;
use http::{Method, Response};
use serde::Deserialize;

use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::hosts;
use crate::model::hosts::HostRole;
use crate::model::profile::Profile;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::body::Body;
use crate::wire::cgi::cgi;
use crate::wire::query::QueryBuilder;
use crate::wire::reply;

/// Ends the login.
#[derive(Clone, Copy, Debug)]
pub struct LogoutCall {
    at: UnixMs,
}

/// Only Ret is read.
#[derive(Deserialize)]
struct Fields {}

impl LogoutCall {
    /// Ends the login at `at`.
    #[must_use]
    pub fn new(at: UnixMs) -> Self {
        Self { at }
    }
}

impl Endpoint for LogoutCall {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Page;
    type Reply = ();

    fn name(&self) -> &'static str {
        "webwxlogout"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_login()?;
        // A form is encoded like a query, without the question mark.
        let form = QueryBuilder::new("")
            .pair("sid", session.sid_or_empty())
            .pair("uin", session.uin_or_zero());
        let body =
            Body::from_segments([Bytes::from(form.as_str().trim_start_matches('?').to_owned())]);
        let request = ApiRequest::builder(self, session, cgi!("webwxlogout"))
            .cookies_at(self.at)
            .pair("redirect", 1)
            .pair("type", 0)
            .pair("skey", session.skey_or_empty());
        match session.site().profile() {
            Profile::Web => request,
            Profile::FileHelper => request.accept(Accept::Any),
        }
        .body(body, "application/x-www-form-urlencoded")
    }

    /// A successful reply is a redirect to a page of web WeChat ([§8.7](crate::protocol#s8-7)), or
    /// has Ret 0. Anything else may be from a proxy, and the login may continue.
    fn read(reply: &Response<Bytes>) -> Result<(), ReplyError> {
        match reply::status(reply.status(), reply.headers()) {
            Ok(()) => reply::accepted::<Fields>(reply, REPLY_LIMIT).map(|_| ()),
            Err(ReplyError::Redirect { host, .. })
                if host.as_deref().is_none_or(hosts::is_of_wechat) =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
