use std::fmt;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ureq::config::{Config, ConfigBuilder};
use ureq::typestate::AgentScope;
use ureq::{Agent, AsSendBody, Body, Proxy, SendBody};
use wx_client::blocking::{Sink, Source};
use wx_client::page_buffer::PageBuffer;
use wx_client::proxy::ProxySettings;
use wx_client::transport_info::{CertificateSource, TlsLibrary, TransportInfo};
use wx_client::{BlockingTransport, BuildError, CancelToken, Transport};
use wx_proto::bytes::Bytes;
use wx_proto::flow::{TransportError, TransportErrorKind};
use wx_proto::http::response::Parts;
use wx_proto::{ApiRequest, Limits, Site, http};

use crate::body::BodyReader;
use crate::classify::classify;
use crate::connect::ObservedConnector;
use crate::exchange::Exchange;
use crate::resolve::ObservedResolver;
use crate::{proxy, tls};

/// The maximum length of a piece of a reply.
const PIECE: usize = 64 * 1024;

/// A transport over ureq, which is configured to send requests unchanged. Clones share their
/// connections.
#[derive(Clone)]
pub struct Http {
    agent: Agent,
    resolver: ObservedResolver,
    proxy: Option<Proxy>,
    info: Arc<TransportInfo>,
    loopback: bool,
}

impl Http {
    /// Returns a builder for a ureq configuration with the defaults of this crate: the proxy in
    /// `proxy`, and the TLS library and the certificates of the enabled features. Use it for custom
    /// configurations, because ureq's default only trusts the certificates of webpki-roots.
    ///
    /// # Errors
    /// [`BuildError::Proxy`] if ureq cannot use the proxy.
    pub fn defaults(proxy: &ProxySettings) -> Result<ConfigBuilder<AgentScope>, BuildError> {
        Ok(defaults().proxy(proxy::convert(proxy)?))
    }

    /// Creates an HTTP client with the proxies, certificates and buffers of `config`. The default
    /// is ureq's configuration with the TLS library and the certificates of [`Http::defaults`].
    /// Some settings are overridden for each request: redirects, errors for statuses, the time
    /// limits, and, for a loopback address, the proxy.
    ///
    /// The proxy of `config` is used, including the settings that were passed to
    /// [`Http::defaults`], even if they are [`ProxySettings::none`]. Otherwise, the proxy of the
    /// environment is used, as [`ProxySettings`] reads it. This includes a `config` with a proxy
    /// that ureq itself has found in the environment, because ureq prefers other variables and
    /// ignores invalid values.
    ///
    /// # Errors
    /// [`BuildError`] if the site requires https and the configuration does not verify
    /// certificates, or selects a TLS library that is not compiled in. Also if the environment
    /// names a proxy that cannot be used.
    pub fn new(config: Option<Config>, site: &Site) -> Result<Self, BuildError> {
        let is_default = config.is_none();
        let config = config.unwrap_or_else(|| defaults().build());
        let loopback = site.hosts().is_loopback();
        let (mut proxy, mut info) = (None, Self::info(None));
        if !loopback {
            (proxy, info.proxy) = proxy::choose(&config)?;
            let (tls, certificates) = tls::check(&config)?;
            if !is_default {
                (info.tls, info.certificates) = (Some(tls), certificates);
            }
        }
        let (resolver, info) = (ObservedResolver::default(), Arc::new(info));
        Ok(Self { agent: new_agent(config, resolver.clone()), resolver, proxy, info, loopback })
    }

    /// Connects to this address and port instead of resolving `host`, which may also be a proxy.
    /// Earlier clones keep their open connections.
    #[must_use]
    pub fn resolve(mut self, host: &str, addr: SocketAddr) -> Self {
        self.resolver.fixed.push((host.to_owned(), addr));
        self.agent = new_agent(self.agent.config().clone(), self.resolver.clone());
        self
    }

    /// Sends a request and waits for the head of its reply.
    ///
    /// ureq never sends anything twice: it checks that a pooled connection is still open before it
    /// uses it, and returns an error if the connection breaks later (`ureq::pool`, `ureq::run`).
    fn exchange(
        &self,
        request: ApiRequest,
        token: &CancelToken,
    ) -> Result<(Parts, Reply), TransportError> {
        let limits = request.limits();
        if limits.direct != self.loopback {
            // This session may require other proxies and certificates.
            return Err(TransportError::never_connected(TransportErrorKind::Connect));
        }
        let mut exchange = Exchange::begin(limits);
        let (parts, body) = request.into_http().into_parts();
        let response = if body.segments().is_empty() {
            let request = http::Request::from_parts(parts, ());
            exchange.within(|| self.run(request, limits))
        } else {
            let mut body = BodyReader::new(body, token);
            // ureq does not use chunked encoding, because Content-Length is set.
            let request = http::Request::from_parts(parts, SendBody::from_reader(&mut body));
            exchange.within(|| self.run(request, limits))
        };
        let (mut head, body) = response.map_err(classify)?.into_parts();
        // Remove ureq's extensions, which contain the URL.
        head.extensions.clear();
        let len = body.content_length().and_then(|len| usize::try_from(len).ok()).unwrap_or(PIECE);
        let max_piece = len.clamp(1, PIECE);
        let body = body.into_reader();
        Ok((head, Reply { body, max_piece, buffer: PageBuffer::default(), exchange }))
    }

    /// Runs a request with its limits. ureq's timeouts for single reads and writes are set to the
    /// stall time, because they restart whenever a byte moves. Its timeouts for whole phases do not
    /// restart, so they are off. [`Exchange`] has the other time limits.
    fn run(
        &self,
        request: http::Request<impl AsSendBody>,
        limits: Limits,
    ) -> Result<http::Response<Body>, ureq::Error> {
        let agent = self.agent();
        let stall = Some(limits.stall);
        let mut config = agent.configure_request(request);
        if limits.new_connection {
            // Drop all idle connections. The new one is kept.
            config = config.max_idle_age(Duration::ZERO);
        }
        let config = config
            .https_only(!limits.direct)
            .max_redirects(0)
            .http_status_as_error(false)
            // The flow refuses heads that are too large. The margin is for white space.
            .max_response_header_size(limits.max_head.saturating_add(4096))
            .timeout_global(None)
            .timeout_per_call(None)
            .timeout_resolve(stall)
            .timeout_connect(stall)
            .timeout_send_request(None)
            .timeout_send_body(None)
            .timeout_recv_response(None)
            .timeout_recv_body(None)
            .timeout_per_read(stall)
            .timeout_per_write(stall);
        let proxy = self.proxy.clone().filter(|_| !limits.direct);
        agent.run(config.proxy(proxy).build())
    }

    /// Returns the agent for a request. If a crate in the build has enabled ureq's feature
    /// `cookies`, every agent has a jar that adds cookies to its requests and cannot be switched
    /// off. In that case, returns a new agent with an empty jar.
    fn agent(&self) -> Agent {
        if has_jar(&self.agent) {
            new_agent(self.agent.config().clone(), self.resolver.clone())
        } else {
            self.agent.clone()
        }
    }
}

impl Transport for Http {
    type Source = Source;
    type Sink<'a> = Sink<'a>;
    type Reply = Reply;

    fn for_site(site: &Site) -> Result<Self, BuildError> {
        Self::new(None, site)
    }

    fn is_for_loopback(&self) -> bool {
        self.loopback
    }

    fn info(http: Option<&Self>) -> TransportInfo {
        let defaults = || {
            let tls =
                TlsLibrary::of_features(cfg!(feature = "rustls"), cfg!(feature = "native-tls"));
            let certificates = CertificateSource::of_features(cfg!(feature = "webpki-roots"));
            TransportInfo::new("ureq", tls, certificates)
        };
        http.map_or_else(defaults, |http| TransportInfo::clone(&http.info))
    }

    async fn send(
        &self,
        request: ApiRequest,
        token: &CancelToken,
    ) -> Result<(Parts, Reply), TransportError> {
        self.exchange(request, token)
    }

    async fn receive(reply: &mut Reply) -> Result<Option<Bytes>, TransportError> {
        reply.next()
    }

    async fn sleep(time: Duration, token: &CancelToken) {
        token.sleep(time);
    }

    async fn unblock<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        work()
    }
}

impl BlockingTransport for Http {}

/// Returns the TLS settings of [`Http::defaults`].
fn defaults() -> ConfigBuilder<AgentScope> {
    let builder = Config::builder();
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    let builder = builder.tls_config(tls::config());
    builder
}

/// Does not show the settings, because a proxy may have a password.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

/// A reply whose body is being received.
pub struct Reply {
    body: ureq::BodyReader<'static>,
    /// The maximum length of a piece, which is not more than the length of the body.
    max_piece: usize,
    buffer: PageBuffer,
    exchange: Exchange,
}

impl Reply {
    fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        let mut memory = self.buffer.memory(self.max_piece);
        let read = self.exchange.within(|| self.body.read(memory.bytes_mut()));
        let len = read.map_err(|error| classify(error.into()))?;
        self.exchange.received(len);
        Ok((len > 0).then(|| self.buffer.filled(memory, len)))
    }
}

fn new_agent(config: Config, resolver: ObservedResolver) -> Agent {
    Agent::with_parts(config, ObservedConnector::default(), resolver)
}

/// Replaces `Agent::cookie_jar_lock` if ureq is built without its feature `cookies`. With the
/// feature, the inherent method takes precedence.
#[allow(dead_code)]
trait MissingJar {
    fn cookie_jar_lock(&self) {}
}

impl MissingJar for Agent {}

fn has_jar(agent: &Agent) -> bool {
    size_of_val(&agent.cookie_jar_lock()) > 0
}
