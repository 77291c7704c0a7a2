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
use crate::session::Session;
use crate::wire::body::Body;
use crate::wire::form::Filled;
use crate::wire::query::QueryBuilder;

/// A request, ready to be sent as it is: absolute URL, all headers, Content-Length included, and a
/// body of known length. How to send it is stated in [`flow`](crate::flow#what-a-driver-must-do)
/// and in its [`Limits`].
///
/// Its `Debug` shows the endpoint and the body's length only; URL, headers and form hold skey,
/// tickets and cookies.
#[derive(Clone)]
pub struct ApiRequest {
    endpoint: &'static str,
    request: Request<Body>,
    limits: Limits,
}

impl ApiRequest {
    /// Starts the request of `call` to `path`, such as `/cgi-bin/mmwebwx-bin/webwxinit`, with the
    /// headers that the official page's browser sends.
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

    /// The call's name on the wire, such as `webwxuploadmedia`.
    #[must_use]
    pub fn endpoint(&self) -> &'static str {
        self.endpoint
    }

    /// The limits for this request.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The request by reference.
    #[must_use]
    pub fn http(&self) -> &Request<Body> {
        &self.request
    }

    /// The request itself, for an HTTP client.
    #[must_use]
    pub fn into_http(self) -> Request<Body> {
        self.request
    }

    /// A failure of this request, with the host that it was for.
    pub(crate) fn failed(&self, failure: TransportError) -> TransportError {
        TransportError { host: self.request.uri().host().and_then(official), ..failure }
    }

    /// Whether it is due once more after this failure: on a new connection, within the same try.
    pub(crate) fn is_due_again(&self, failure: TransportError) -> bool {
        failure.reused_connection
            && failure.kind == TransportErrorKind::Dropped
            && !self.limits.new_connection
    }

    /// With this form in the place of whatever it had.
    pub(crate) fn with_form(mut self, form: Filled) -> Self {
        let Filled { body, content_type, content_length } = form;
        let headers = self.request.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(header::CONTENT_LENGTH, content_length);
        *self.request.body_mut() = body;
        self
    }

    /// Limits it as a call that is answered at once.
    pub(crate) fn for_call(self, policy: &Policy) -> Self {
        self.limited(Limits::new(policy, policy.call_stall))
    }

    /// Limits it as a chunk.
    pub(crate) fn for_chunk(self, policy: &Policy) -> Self {
        self.limited(Limits::new(policy, policy.upload_stall))
    }

    /// Limits it as a message.
    pub(crate) fn for_message(self, policy: &Policy) -> Self {
        self.limited(Limits::new(policy, policy.message_stall))
    }

    /// Limits it as a call that the server holds until something happens.
    pub(crate) fn for_poll(self, policy: &Policy) -> Self {
        self.limited(Limits {
            total: Some(policy.poll_limit),
            ..Limits::new(policy, policy.poll_stall)
        })
    }

    /// Limits it as a ping or preflight.
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

/// Builds the request of a call as the official page's browser makes it (§2.6): see
/// [`ApiRequest::builder`].
///
/// Its `Debug` shows the endpoint only.
#[must_use]
pub struct ApiRequestBuilder<'a> {
    endpoint: &'static str,
    method: Method,
    host: HostRole,
    accept: Accept,
    /// When the cookies have to be valid, in Unix milliseconds; without it none are sent.
    cookies_at: Option<u64>,
    query: QueryBuilder,
    headers: Vec<(HeaderName, HeaderValue)>,
    session: &'a Session,
}

impl fmt::Debug for ApiRequestBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiRequestBuilder({} {})", self.method, self.endpoint)
    }
}

/// What in the official page makes a request. This decides the `Accept` header, and whether the
/// page can add headers of its own (§8.8): only the requests of a script can carry one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accept {
    /// `$http` of the page's framework.
    Json,
    /// XMLHttpRequest without a type, as of the upload library.
    Any,
    /// A `<script>` element.
    Script,
    /// An `<img>` element.
    Image,
    /// A form whose reply replaces the page.
    Page,
    /// The browser itself, before an upload.
    Preflight,
}

impl Accept {
    const fn value(self) -> &'static str {
        match self {
            Self::Json => "application/json, text/plain, */*",
            Self::Any | Self::Script | Self::Preflight => "*/*",
            Self::Image => {
                "image/jxl,image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
            }
            Self::Page => {
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,\
                 image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
            }
        }
    }

    const fn carries_own_headers(self) -> bool {
        matches!(self, Self::Json | Self::Any)
    }
}

const MMWEB_APPID: HeaderName = HeaderName::from_static("mmweb_appid");
/// The spelling of the official page (§2.6).
const JSON: &str = "application/json;charset=UTF-8";

impl<'a> ApiRequestBuilder<'a> {
    /// Adds the session's cookies that are valid at `unix_ms` (Unix milliseconds) and meant for the
    /// host and the path. Without it no cookies are sent.
    pub fn cookies_at(self, unix_ms: u64) -> Self {
        Self { cookies_at: Some(unix_ms), ..self }
    }

    /// Adds a pair to the query, with its value percent-encoded as `encodeURIComponent` does.
    pub fn pair(self, key: &str, value: impl fmt::Display) -> Self {
        Self { query: self.query.pair(key, value), ..self }
    }

    /// Adds a pair to the query whose value the page does not encode: `@ + / =` stay as they are
    /// (P13). Every other character that could break the query is encoded all the same.
    pub fn raw_pair(self, key: &str, value: &str) -> Self {
        Self { query: self.query.raw_pair(key, value), ..self }
    }

    /// Adds `lang`, and `pass_ticket` if the session has one (P10, P42).
    pub fn session_pairs(self) -> Self {
        let (site, ticket) = (self.session.site(), self.session.pass_ticket());
        Self { query: self.query.session_pairs(site.lang(), ticket), ..self }
    }

    /// Adds `mmweb_appid` for the File Transfer Helper, which has it in some queries too (P60).
    pub fn app_pair(self) -> Self {
        Self { query: self.query.app_pair(self.session.site()), ..self }
    }

    /// Begins the query with the stray `&` of the page's picture addresses (§3.1).
    pub(crate) fn stray_ampersand(self) -> Self {
        Self { query: self.query.stray_ampersand(), ..self }
    }

    /// Adds a header, or replaces the one of that name.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Replaces [`Endpoint::ACCEPT`].
    pub fn accept(self, accept: Accept) -> Self {
        Self { accept, ..self }
    }

    /// Finishes a request with `value` as compact JSON.
    ///
    /// # Errors
    /// [`RequestError`] if it cannot be written as a request.
    pub fn json(self, value: &impl serde::Serialize) -> Result<ApiRequest, RequestError> {
        let text = serde_json::to_vec(value).map_err(|_| RequestError::InvalidJson)?;
        self.send(Body::from_segments([Bytes::from(text)]), Some(HeaderValue::from_static(JSON)))
    }

    /// Finishes a request with a body of this Content-Type.
    ///
    /// # Errors
    /// [`RequestError`] if it cannot be written as a request.
    pub fn body(self, body: Body, content_type: &'static str) -> Result<ApiRequest, RequestError> {
        self.send(body, Some(HeaderValue::from_static(content_type)))
    }

    /// Finishes a request without a body.
    ///
    /// # Errors
    /// [`RequestError`] if it cannot be written as a request.
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
        // Web WeChat has its language in the page's address, the File Transfer Helper does not. The
        // full URL is sent to the page's own origin only; other origins see no more than the
        // origin.
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
        // Length and cut-off are judged on the raw bytes, so no encoding is asked for.
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
        if let Some(at_ms) = self.cookies_at {
            let path = request.uri().path().to_owned();
            if let Some(cookies) = self.session.cookies().header(&origin, &path, at_ms / 1000)? {
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
