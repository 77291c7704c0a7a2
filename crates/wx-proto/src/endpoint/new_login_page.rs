//! `GET webwxnewloginpage`: the ticket becomes a login (`docs/protocol.md` §8.3, P53, P54).

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};

use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::fields::ReplyField;
use crate::model::hosts::{HostError, HostRole, Hosts};
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::secret::Secret;
use crate::model::site::Site;
use crate::session::{LONGEST_VALUE, Session};
use crate::wire::query::{PassTicket, QueryBuilder};
use crate::wire::{address, repair, reply, server_text, xml};

pub use crate::session::credentials::Credentials;

/// Opens the login page that a poll named.
#[derive(Clone, Debug)]
pub struct NewLoginPage {
    /// Path and query, with the ticket.
    target: Secret,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What the login page gave. The cookies of the answer are part of it: see
/// [`CookieJar::apply`](crate::CookieJar::apply).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginPage {
    /// A login.
    Credentials(Credentials),
    /// It is at another address (`redirecturl`).
    Elsewhere(Secret),
}

impl NewLoginPage {
    /// The call for the address that a poll gave, and the site that it belongs to: from here on the
    /// login lives on the hosts of that address (P1).
    ///
    /// # Errors
    /// [`HostError`] if it is none of the hosts of `site`'s profile; a loopback site stays at its
    /// own address.
    pub fn from_redirect(redirect_uri: &Secret, site: &Site) -> Result<(Self, Site), HostError> {
        // A server named the host.
        Self::found(redirect_uri, site)
            .map_err(|error| error.showing(|host| Some(server_text::host(host))))
    }

    fn found(redirect_uri: &Secret, site: &Site) -> Result<(Self, Site), HostError> {
        if !redirect_uri.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(HostError::Malformed);
        }
        let uri: http::Uri = redirect_uri.expose().parse().map_err(|_| HostError::Malformed)?;
        let site = if site.hosts().is_loopback() {
            let hosts = Hosts::loopback(redirect_uri.expose())?;
            if hosts != *site.hosts() {
                return Err(HostError::Foreign { host: Some(hosts.base().to_owned()) });
            }
            site.clone()
        } else {
            site.clone().with_hosts(Hosts::from_base(redirect_uri.expose())?)?
        };
        let target = uri.path_and_query().ok_or(HostError::Malformed)?.as_str().to_owned();
        Ok((Self { target: target.into(), headers: Vec::new() }, site))
    }

    /// Adds a header to the request.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a pair to the query.
    #[must_use]
    pub fn pair(mut self, key: &str, value: &str) -> Self {
        let separator = if self.target.expose().contains('?') { '&' } else { '?' };
        self.target =
            QueryBuilder::joined(self.target.expose().clone(), separator, key, value).into();
        self
    }

    /// The path and query that it is opened at, before anything is added.
    pub(crate) fn target(&self) -> &Secret {
        &self.target
    }

    /// The values with which the server can be asked to end a login that [`Endpoint::read`]
    /// refused: the server made it and told it badly. uin and sid are in `cookies` too.
    pub(crate) fn leftovers(
        answer: &Response<Bytes>,
        cookie: impl Fn(&str) -> Option<Secret>,
    ) -> Option<Credentials> {
        let xml = reply::body_text(answer, REPLY_LIMIT).ok()?;
        let ret: i64 = field(&xml, "ret")?.parse().ok()?;
        let whole = |name| whole(&xml, name).ok().flatten();
        let uin = |text: &str| text.parse().ok();
        (ret == 0).then_some(())?;
        Some(Credentials {
            uin: field(&xml, "wxuin")
                .and_then(|text| uin(&text))
                .or_else(|| uin(cookie("wxuin")?.expose()))?,
            sid: whole(ReplyField::WxSid).or_else(|| cookie("wxsid"))?,
            skey: whole(ReplyField::Skey)?,
            pass_ticket: whole(ReplyField::PassTicket).map(PassTicket),
        })
    }
}

impl Endpoint for NewLoginPage {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = LoginPage;

    fn name(&self) -> &'static str {
        "webwxnewloginpage"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let page = self.clone().pair("fun", "new").pair("version", "v2");
        let page = page.pair("lang", session.site().lang());
        let request = ApiRequest::builder(self, session, page.target.expose());
        let headers = self.headers.iter().cloned();
        headers.fold(request, |request, (name, value)| request.header(name, value)).empty()
    }

    /// The XML is read from a 200 and from a 301 alike, and neither is followed (P53).
    fn read(answer: &Response<Bytes>) -> Result<LoginPage, ReplyError> {
        if answer.status() != StatusCode::MOVED_PERMANENTLY || answer.body().is_empty() {
            reply::status(answer.status(), answer.headers())?;
        }
        let xml = reply::body_text(answer, REPLY_LIMIT)?;
        let Some(ret) = field(&xml, "ret") else {
            return Err(match reply::status(answer.status(), answer.headers()) {
                Err(redirect) => redirect,
                Ok(()) => ReplyError::from_text(&xml, ReplyField::Ret),
            });
        };
        match ret.parse() {
            Ok(0) => {}
            Ok(ret) => {
                return Err(ReplyError::refused(ret, &field(&xml, "message").unwrap_or_default()));
            }
            Err(_) => return Err(ReplyError::Missing(ReplyField::Ret)),
        }
        if let Some(url) = field(&xml, "redirecturl") {
            return Ok(LoginPage::Elsewhere(address::plain(&url).into()));
        }
        let secret = |name| whole(&xml, name)?.ok_or(ReplyError::Missing(name));
        let uin = field(&xml, "wxuin").and_then(|uin| uin.parse().ok());
        Ok(LoginPage::Credentials(Credentials {
            uin: uin.ok_or(ReplyError::Missing(ReplyField::WxUin))?,
            sid: secret(ReplyField::WxSid)?,
            skey: secret(ReplyField::Skey)?,
            pass_ticket: whole(&xml, ReplyField::PassTicket)?.map(PassTicket),
        }))
    }
}

/// The text of an element, unless it is empty.
fn field(xml: &str, name: &str) -> Option<String> {
    xml::text(xml, name).filter(|text| !text.is_empty())
}

/// The text of an element that names something; an absurdly long one is none, a damaged one an
/// error.
fn whole(xml: &str, name: ReplyField) -> Result<Option<Secret>, ReplyError> {
    match field(xml, name.name()) {
        Some(text) if repair::is_damaged(&text) => Err(ReplyError::Missing(name)),
        text => Ok(text.filter(|text| text.len() <= LONGEST_VALUE).map(Secret::from)),
    }
}
