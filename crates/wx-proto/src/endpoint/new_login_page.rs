//! `GET webwxnewloginpage`: exchanges a ticket for the credentials of a login
//! ([§8.3](crate::protocol#s8-3), [P53](crate::protocol#p53), [P54](crate::protocol#p54)).

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

/// Requests the login page whose address a login poll returned.
#[derive(Clone, Debug)]
pub struct NewLoginPage {
    /// The path and the query with the ticket.
    target: Secret,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The reply of the login page. Store its cookies too, with
/// [`CookieJar::apply`](crate::CookieJar::apply).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginPage {
    /// The credentials of the login.
    Credentials(Credentials),
    /// Another login page (`redirecturl`).
    OtherPage(Secret),
}

impl NewLoginPage {
    /// Creates the call for the address that a login poll returned. Also returns the site of that
    /// address, whose hosts the login uses from then on ([P1](crate::protocol#p1)).
    ///
    /// # Errors
    /// Returns a [`HostError`] if the address is not on a host of the profile of `site`. A loopback
    /// site accepts only its own address.
    pub fn from_redirect(redirect_uri: &Secret, site: &Site) -> Result<(Self, Site), HostError> {
        // The server chose the host, so its name may contain a secret.
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

    /// Returns the path and query.
    pub(crate) fn target(&self) -> &Secret {
        &self.target
    }

    /// Returns the credentials to log out at the server, from a reply that [`Endpoint::read`]
    /// refused because some were missing. The uin and the sid are also in the cookies.
    pub(crate) fn leftovers(
        reply: &Response<Bytes>,
        cookie: impl Fn(&str) -> Option<Secret>,
    ) -> Option<Credentials> {
        let xml = reply::body_text(reply, REPLY_LIMIT).ok()?;
        let ret: i64 = field(&xml, "ret")?.parse().ok()?;
        let identifier = |name| identifier(&xml, name).ok().flatten();
        let uin = |text: &str| text.parse().ok();
        (ret == 0).then_some(())?;
        Some(Credentials {
            uin: field(&xml, "wxuin")
                .and_then(|text| uin(&text))
                .or_else(|| uin(cookie("wxuin")?.expose()))?,
            sid: identifier(ReplyField::WxSid).or_else(|| cookie("wxsid"))?,
            skey: identifier(ReplyField::Skey)?,
            pass_ticket: identifier(ReplyField::PassTicket).map(PassTicket),
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

    /// Reads the XML of a 200 or a 301, whose redirect is not followed
    /// ([P53](crate::protocol#p53)).
    fn read(reply: &Response<Bytes>) -> Result<LoginPage, ReplyError> {
        if reply.status() != StatusCode::MOVED_PERMANENTLY || reply.body().is_empty() {
            reply::status(reply.status(), reply.headers())?;
        }
        let xml = reply::body_text(reply, REPLY_LIMIT)?;
        let Some(ret) = field(&xml, "ret") else {
            return Err(match reply::status(reply.status(), reply.headers()) {
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
            return Ok(LoginPage::OtherPage(address::plain(&url).into()));
        }
        let secret = |name| identifier(&xml, name)?.ok_or(ReplyError::Missing(name));
        let uin = field(&xml, "wxuin").and_then(|uin| uin.parse().ok());
        Ok(LoginPage::Credentials(Credentials {
            uin: uin.ok_or(ReplyError::Missing(ReplyField::WxUin))?,
            sid: secret(ReplyField::WxSid)?,
            skey: secret(ReplyField::Skey)?,
            pass_ticket: identifier(&xml, ReplyField::PassTicket)?.map(PassTicket),
        }))
    }
}

/// Returns the text of an element, unless it is empty.
fn field(xml: &str, name: &str) -> Option<String> {
    xml::text(xml, name).filter(|text| !text.is_empty())
}

/// Returns the text of an element that is an identifier. Absurdly long ones are ignored. A damaged
/// one is an error.
fn identifier(xml: &str, name: ReplyField) -> Result<Option<Secret>, ReplyError> {
    match field(xml, name.name()) {
        Some(text) if repair::is_damaged(&text) => Err(ReplyError::Missing(name)),
        text => Ok(text.filter(|text| text.len() <= LONGEST_VALUE).map(Secret::from)),
    }
}
