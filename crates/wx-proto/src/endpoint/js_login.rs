//! `GET jslogin`: requests a new QR code ([§8.1](crate::protocol#s8-1)).

use bytes::Bytes;
use http::{Method, Response};

use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::fields::ReplyField;
use crate::model::hosts::HostRole;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::secret::Secret;
use crate::model::site::Site;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::query::QueryBuilder;
use crate::wire::{reply, script};

/// Requests a QR code.
#[derive(Clone, Debug)]
pub struct JsLogin {
    page_query: String,
    at: UnixMs,
}

/// The content of a QR code. `Debug` does not show it, because anybody who knows an unused code can
/// take over the login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginCode(Secret);

impl LoginCode {
    /// Creates a code from the server's text, which has to be printable ASCII without white space.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let valid = !text.is_empty()
            && text.len() <= 256
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        valid.then(|| Self(text.into()))
    }

    /// Returns the text, which the caller must keep secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns the address to show as a QR code.
    #[must_use]
    pub fn link(&self, site: &Site) -> Secret {
        Secret::new(format!("{}/l/{}", site.hosts().origin(HostRole::Qr), self.expose()))
    }
}

impl JsLogin {
    /// Creates the call, at the time `at`.
    #[must_use]
    pub fn new(at: UnixMs) -> Self {
        Self { page_query: String::new(), at }
    }

    /// Adds a pair to the query of the login page that the code leads to.
    #[must_use]
    pub fn page_pair(mut self, key: &str, value: &str) -> Self {
        let separator = if self.page_query.is_empty() { '?' } else { '&' };
        self.page_query = QueryBuilder::joined(self.page_query, separator, key, value);
        self
    }
}

impl Endpoint for JsLogin {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Login;
    const ACCEPT: Accept = Accept::Script;
    type Reply = LoginCode;

    fn name(&self) -> &'static str {
        "jslogin"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let site = session.site();
        let base = site.hosts().origin(HostRole::Base);
        let page = format!("{base}{}{}", cgi!("webwxnewloginpage"), self.page_query);
        ApiRequest::builder(self, session, "/jslogin")
            .pair("appid", site.profile().app_id())
            .pair("redirect_uri", page)
            .pair("fun", "new")
            .pair("lang", site.lang())
            .pair("_", self.at)
            .empty()
    }

    fn read(reply: &Response<Bytes>) -> Result<LoginCode, ReplyError> {
        let text = reply::text(reply, REPLY_LIMIT)?;
        match script::number(&text, "window.QRLogin.code") {
            Some(200) => {
                let uuid = script::value(&text, "window.QRLogin.uuid")
                    .and_then(|uuid| LoginCode::new(&uuid));
                uuid.ok_or(ReplyError::Missing(ReplyField::QrLoginUuid))
            }
            Some(code) => Err(ReplyError::Code(code)),
            None => Err(ReplyError::from_text(&text, ReplyField::QrLoginCode)),
        }
    }
}
