//! `GET jslogin`: a fresh code for the phone to scan (`docs/protocol.md` §8.1).

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
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::query::QueryBuilder;
use crate::wire::{reply, script};

/// Asks for a code.
#[derive(Clone, Debug)]
pub struct JsLogin {
    page_query: String,
    at_ms: u64,
}

/// What a QR code stands for. Until it is used, whoever knows it can take over the login: its
/// `Debug` shows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginCode(Secret);

impl LoginCode {
    /// The server's text: printable ASCII without white space.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let valid = !text.is_empty()
            && text.len() <= 256
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        valid.then(|| Self(text.into()))
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The address that the QR code shows to the phone.
    #[must_use]
    pub fn link(&self, site: &Site) -> Secret {
        Secret::new(format!("{}/l/{}", site.hosts().origin(HostRole::Qr), self.expose()))
    }
}

impl JsLogin {
    /// Asks at `unix_ms` (Unix milliseconds).
    #[must_use]
    pub fn new(unix_ms: u64) -> Self {
        Self { page_query: String::new(), at_ms: unix_ms }
    }

    /// Adds a pair to the query of the login page's address, which the code is for.
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
            .pair("_", self.at_ms)
            .empty()
    }

    fn read(answer: &Response<Bytes>) -> Result<LoginCode, ReplyError> {
        let text = reply::text(answer, REPLY_LIMIT)?;
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
