use std::fmt;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request};

use crate::endpoint::Endpoint;
use crate::endpoint::limits::Limits;
use crate::model::hosts::{HostRole, official};
use crate::model::policy::Policy;
use crate::model::profile::Profile;
use crate::model::request_error::RequestError;
use crate::model::transport_error::{TransportError, TransportErrorKind};
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::body::Body;
use crate::wire::form::Filled;
use crate::wire::query::QueryBuilder;

/// A request to be sent unchanged. It has an absolute URL, all headers including Content-Length,
/// and a body of known length. The docs of [`flow`](crate::flow#what-a-driver-must-do) and its
/// [`Limits`] say how to send it.
///
/// `Debug` shows only the endpoint and the length of the body, because URL, headers and form
/// contain skey, tickets and cookies.
#[derive(Clone)]
pub struct ApiRequest {
    endpoint: &'static str,
    request: Request<Body>,
    limits: Limits,
}

impl ApiRequest {
    /// Returns a builder for the request of `call` to `path`, such as
    /// `/cgi-bin/mmwebwx-bin/webwxinit`. It has the headers that a browser sends for the official
    /// page.
    pub fn builder<'a, E: Endpoint>(
        call: &E,
        session: &'a Session,
        path: &str,
    ) -> ApiRequestBuilder<'a> {
        ApiRequestBuilder {
            endpoint: call.name(),
            method: E::METHOD,
            host: E::HOST,
            accept: E::ACCEPT,
            cookies_at: None,
            query: QueryBuilder::new(path),
            headers: Vec::new(),
            session,
        }
    }

    pub(crate) fn new(endpoint: &'static str, request: Request<Body>, limits: Limits) -> Self {
        Self { endpoint, request, limits }
    }

    /// Returns the name of the call on the wire, such as `webwxuploadmedia`.
    #[must_use]
    pub fn endpoint(&self) -> &'static str {
        self.endpoint
    }

    /// Returns the limits of this request.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Returns a reference to the HTTP request.
    #[must_use]
    pub fn http(&self) -> &Request<Body> {
        &self.request
    }

    /// Converts this into the HTTP request.
    #[must_use]
    pub fn into_http(self) -> Request<Body> {
        self.request
    }

    /// Adds the host of this request to an error.
    pub(crate) fn failed(&self, error: TransportError) -> TransportError {
        TransportError { host: self.request.uri().host().and_then(official), ..error }
    }

    /// Returns whether the request is repeated after this error: on a new connection, and within
    /// the same try.
    pub(crate) fn is_due_again(&self, error: TransportError) -> bool {
        error.reused_connection
            && error.kind == TransportErrorKind::Dropped
            && !self.limits.new_connection
    }

    /// Replaces the body with a form.
    pub(crate) fn with_form(mut self, form: Filled) -> Self {
        let Filled { body, content_type, content_length } = form;
        let headers = self.request.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(header::CONTENT_LENGTH, content_length);
        *self.request.body_mut() = body;
        self
    }

    /// Sets the limits of a call with an immediate reply.
    pub(crate) fn for_call(self, policy: &Policy) -> Self {
        self.limited(Limits::new(policy, policy.call_stall))
    }

    /// Sets the limits of a chunk.
    pub(crate) fn for_chunk(self, policy: &Policy) -> Self {
        self.limited(Limits::new(policy, policy.upload_stall))
    }

    /// Sets the limits of a message.
    pub(crate) fn for_message(self, policy: &Policy) -> Self {
        self.limited(Limits::new(policy, policy.message_stall))
    }

    /// Sets the limits of a long poll.
    pub(crate) fn for_poll(self, policy: &Policy) -> Self {
        self.limited(Limits {
            total: Some(policy.poll_limit),
            ..Limits::new(policy, policy.poll_stall)
        })
    }

    /// Sets the limits of a ping or a preflight.
    pub(crate) fn for_side_call(self, policy: &Policy) -> Self {
        let limit = policy.side_call_limit;
        self.limited(Limits { total: Some(limit), ..Limits::new(policy, limit) })
    }

    fn limited(mut self, limits: Limits) -> Self {
        let Limits { direct, new_connection, .. } = self.limits;
        self.limits = Limits { direct, new_connection, ..limits };
        self
    }

    pub(crate) fn with_new_connection(mut self, new_connection: bool) -> Self {
        self.limits.new_connection = new_connection;
        self
    }
}

impl fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ApiRequest({} {}, {:?})",
            self.request.method(),
            self.endpoint,
            self.request.body()
        )
    }
}

/// Builds the request of a call, with the headers that a browser sends for the official page
/// ([§2.6](crate::protocol#s2-6)). Created by [`ApiRequest::builder`].
///
/// `Debug` shows only the endpoint.
#[must_use]
pub struct ApiRequestBuilder<'a> {
    endpoint: &'static str,
    method: Method,
    host: HostRole,
    accept: Accept,
    /// The time at which cookies have to be valid. Without it, no cookies are sent.
    cookies_at: Option<UnixMs>,
    query: QueryBuilder,
    headers: Vec<(HeaderName, HeaderValue)>,
    session: &'a Session,
}

impl fmt::Debug for ApiRequestBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiRequestBuilder({} {})", self.method, self.endpoint)
    }
}

/// The part of the official page that makes a request. It determines the `Accept` header, and
/// whether the page can add custom headers ([§8.8](crate::protocol#s8-8)), which only scripts can
/// do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accept {
    /// `$http` of AngularJS.
    Json,
    /// The XMLHttpRequest of the upload library, which accepts any type.
    Any,
    /// A `<script>` element.
    Script,
    /// An `<img>` element.
    Image,
    /// A form whose reply replaces the page.
    Page,
    /// A link to a file, or an element that plays a video or a voice message.
    Media,
    /// The CORS preflight, which the browser makes before an upload.
    Preflight,
}

impl Accept {
    pub(crate) const fn value(self) -> &'static str {
        match self {
            Self::Json => "application/json, text/plain, */*",
            Self::Any | Self::Script | Self::Media | Self::Preflight => "*/*",
            Self::Image => {
                "image/jxl,image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
            }
            Self::Page => {
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/\
                 webp,\
                 image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
            }
        }
    }

    const fn carries_own_headers(self) -> bool {
        matches!(self, Self::Json | Self::Any)
    }
}

const MMWEB_APPID: HeaderName = HeaderName::from_static("mmweb_appid");
/// The Content-Type of the official page's JSON ([§2.6](crate::protocol#s2-6)).
const JSON: &str = "application/json;charset=UTF-8";

impl<'a> ApiRequestBuilder<'a> {
    /// Adds the cookies of the session that are valid at `time` and match the host and the path. By
    /// default, no cookies are sent.
    pub fn cookies_at(self, time: UnixMs) -> Self {
        Self { cookies_at: Some(time), ..self }
    }

    /// Adds a pair to the query. The value is percent-encoded as by `encodeURIComponent`.
    pub fn pair(self, key: &str, value: impl fmt::Display) -> Self {
        Self { query: self.query.pair(key, value), ..self }
    }

    /// Adds a pair to the query with a value that the official page does not encode: `@ + / =` are
    /// kept ([P13](crate::protocol#p13)). All other characters that could break the query are
    /// encoded.
    pub fn raw_pair(self, key: &str, value: &str) -> Self {
        Self { query: self.query.raw_pair(key, value), ..self }
    }

    /// Adds a pair whose value the server has already percent-encoded. It is sent unchanged, except
    /// that characters that could break the query are encoded.
    pub(crate) fn encoded_pair(self, key: &str, value: &str) -> Self {
        Self { query: self.query.encoded_pair(key, value), ..self }
    }

    /// Adds `pass_ticket`, which is the text `undefined` if the session has none
    /// ([§2.5](crate::protocol#s2-5)).
    pub(crate) fn ticket_pair(self) -> Self {
        let ticket = self.session.pass_ticket();
        Self { query: self.query.ticket_pair(ticket), ..self }
    }

    /// Adds `lang`, and `pass_ticket` if the session has one ([P10](crate::protocol#p10),
    /// [P42](crate::protocol#p42)).
    pub fn session_pairs(self) -> Self {
        let (site, ticket) = (self.session.site(), self.session.pass_ticket());
        Self { query: self.query.session_pairs(site.lang(), ticket), ..self }
    }

    /// Adds `mmweb_appid` if the site is the File Transfer Helper, which sends it in some queries
    /// ([P60](crate::protocol#p60)).
    pub fn app_pair(self) -> Self {
        Self { query: self.query.app_pair(self.session.site()), ..self }
    }

    /// Begins the query with a stray `&`, like the official page's image addresses
    /// ([§3.1](crate::protocol#s3-1)).
    pub(crate) fn stray_ampersand(self) -> Self {
        Self { query: self.query.stray_ampersand(), ..self }
    }

    /// Adds a header, or replaces the header with this name.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Replaces [`Endpoint::ACCEPT`].
    pub fn accept(self, accept: Accept) -> Self {
        Self { accept, ..self }
    }

    /// Builds the request with `value` as compact JSON.
    ///
    /// # Errors
    /// Returns a [`RequestError`] if the request contains characters that cannot be sent.
    pub fn json(self, value: &impl serde::Serialize) -> Result<ApiRequest, RequestError> {
        let text = serde_json::to_vec(value).map_err(|_| RequestError::InvalidJson)?;
        self.send(Body::from_segments([Bytes::from(text)]), Some(HeaderValue::from_static(JSON)))
    }

    /// Builds the request with a body of this Content-Type.
    ///
    /// # Errors
    /// Returns a [`RequestError`] if the request contains characters that cannot be sent.
    pub fn body(self, body: Body, content_type: &'static str) -> Result<ApiRequest, RequestError> {
        self.send(body, Some(HeaderValue::from_static(content_type)))
    }

    /// Builds the request without a body.
    ///
    /// # Errors
    /// Returns a [`RequestError`] if the request contains characters that cannot be sent.
    pub fn empty(self) -> Result<ApiRequest, RequestError> {
        self.send(Body::empty(), None)
    }

    fn send(
        self,
        body: Body,
        content_type: Option<HeaderValue>,
    ) -> Result<ApiRequest, RequestError> {
        let site = self.session.site();
        let hosts = site.hosts();
        let (origin, base) = (hosts.origin(self.host), hosts.origin(HostRole::Base));
        let cross_origin = origin != base || self.host != HostRole::Base;
        // The address of web WeChat's page contains a language; the address of the File Transfer
        // Helper does not. As in a browser, only requests to the page's own origin contain its full
        // URL.
        let referer = match site.profile() {
            Profile::Web if !cross_origin => format!("{base}/?lang={}", site.lang()),
            _ => format!("{base}/"),
        };
        let mut request = Request::new(body);
        *request.uri_mut() = format!("{origin}{}", self.query.as_str())
            .parse()
            .map_err(|_| RequestError::InvalidUri)?;
        let mut put = |name: HeaderName, value: &str| {
            let value = HeaderValue::from_str(value)
                .map_err(|_| RequestError::InvalidHeader(name.clone()))?;
            request.headers_mut().insert(name, value);
            Ok::<_, RequestError>(())
        };
        put(header::USER_AGENT, site.user_agent())?;
        put(header::ACCEPT, self.accept.value())?;
        // Request no encoding, because length and truncation are checked on the raw bytes.
        put(header::ACCEPT_ENCODING, "identity")?;
        put(header::REFERER, &referer)?;
        if self.method != Method::GET {
            put(header::ORIGIN, &base.to_string())?;
        }
        if let Some(content_type) = content_type {
            let length = request.body().content_len();
            let headers = request.headers_mut();
            headers.insert(header::CONTENT_TYPE, content_type);
            headers.insert(header::CONTENT_LENGTH, length.into());
        }
        if let Some(app_id) = site.profile().mmweb_app_id() {
            let headers = request.headers_mut();
            if self.accept.carries_own_headers() {
                headers.insert(MMWEB_APPID, HeaderValue::from_static(app_id));
            } else if self.accept == Accept::Preflight {
                headers.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, MMWEB_APPID.into());
            }
        }
        if let Some(time) = self.cookies_at {
            let path = request.uri().path().to_owned();
            if let Some(cookies) = self.session.cookies().header(&origin, &path, time)? {
                request.headers_mut().insert(header::COOKIE, cookies);
            }
        }
        for (name, value) in self.headers {
            request.headers_mut().insert(name, value);
        }
        *request.method_mut() = self.method;
        let policy = Policy::default();
        let limits =
            Limits { direct: hosts.is_loopback(), ..Limits::new(&policy, policy.call_stall) };
        Ok(ApiRequest { endpoint: self.endpoint, request, limits })
    }
}
