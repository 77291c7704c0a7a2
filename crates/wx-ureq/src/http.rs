use std::fmt;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::time::Duration;

use ureq::config::{Config, ConfigBuilder};
use ureq::typestate::AgentScope;
use ureq::{Agent, AsSendBody, Body, Proxy, SendBody};
use wx_client::blocking::{Sink, Source};
use wx_client::page_buffer::PageBuffer;
use wx_client::proxy::ProxySettings;
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

/// The largest piece of a reply that is handed over at once.
const PIECE: usize = 64 * 1024;

/// ureq, set so that it sends what it is told and nothing else. Clones share their connections.
#[derive(Clone)]
pub struct Http {
    agent: Agent,
    resolver: ObservedResolver,
    proxy: Option<Proxy>,
    loopback: bool,
}

impl Http {
    /// Returns a builder of ureq's configuration with the defaults of this crate, to start a custom
    /// configuration from: the proxy of `proxy` or none, and the TLS library and the certificates
    /// that the Cargo features say.
    ///
    /// ureq's own default trusts the certificates of webpki-roots only.
    ///
    /// # Errors
    /// [`BuildError::Proxy`] if ureq cannot use the proxy.
    pub fn defaults(proxy: &ProxySettings) -> Result<ConfigBuilder<AgentScope>, BuildError> {
        Ok(defaults().proxy(proxy::convert(proxy)?))
    }

    /// Takes `config` for proxies, certificates, buffers and the like, or ureq's own with the TLS
    /// library and the certificates of [`Http::defaults`]. What the flows decide is set anew for
    /// every request: no redirects, no error for a status, the time limits, and no proxy to a
    /// loopback address.
    ///
    /// If `config` names a proxy, that is used, and so is what [`Http::defaults`] was given,
    /// [`ProxySettings::none`] included. Else the environment decides, as [`ProxySettings`] reads
    /// it. That holds for `None` as the proxy and for one that ureq itself found in the environment
    /// as well: ureq prefers other variables and passes by a value that it cannot read.
    ///
    /// # Errors
    /// [`BuildError`] if the site needs https and the configuration would not verify certificates,
    /// or asks for a TLS library that is not there, or if the environment decides and asks for a
    /// proxy that cannot be used.
    pub fn new(config: Option<Config>, site: &Site) -> Result<Self, BuildError> {
        let config = config.unwrap_or_else(|| defaults().build());
        let loopback = site.hosts().is_loopback();
        let proxy = if loopback { None } else { proxy::decide(&config)? };
        if !loopback {
            tls::check(&config)?;
        }
        let resolver = ObservedResolver::default();
        Ok(Self { agent: new_agent(config, resolver.clone()), resolver, proxy, loopback })
    }

    /// Connects to `addr` for this host instead of resolving its name, like
    /// `reqwest::ClientBuilder::resolve`. Connections that are open stay in use by the clones that
    /// were made before.
    #[must_use]
    pub fn resolve(mut self, host: &str, addr: SocketAddr) -> Self {
        self.resolver.fixed.push((host.to_owned(), addr));
        self.agent = new_agent(self.agent.config().clone(), self.resolver.clone());
        self
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// ureq never sends anything twice: it looks whether a kept connection is still open before it
    /// takes it, and when such a connection breaks later, that is a failure here (`ureq::pool`,
    /// `ureq::run`).
    fn exchange(
        &self,
        request: ApiRequest,
        token: &CancelToken,
    ) -> Result<(Parts, Reply), TransportError> {
        let limits = request.limits();
        if limits.direct != self.loopback {
            // A request of another session: other proxies and certificates may hold for it.
            return Err(TransportError::never_connected(TransportErrorKind::Connect));
        }
        let mut exchange = Exchange::begin(limits);
        let (parts, body) = request.into_http().into_parts();
        let response = if body.segments().is_empty() {
            let request = http::Request::from_parts(parts, ());
            exchange.within(|| self.run(request, limits))
        } else {
            let mut body = BodyReader::new(body, token);
            // The Content-Length that is already set makes ureq send the reader as it is, not
            // chunked.
            let request = http::Request::from_parts(parts, SendBody::from_reader(&mut body));
            exchange.within(|| self.run(request, limits))
        };
        let (mut head, body) = response.map_err(classify)?.into_parts();
        // ureq's notes on the way, the URL among them.
        head.extensions.clear();
        let len = body.content_length().and_then(|len| usize::try_from(len).ok()).unwrap_or(PIECE);
        let most = len.clamp(1, PIECE);
        let body = body.into_reader();
        Ok((head, Reply { body, most, buffer: PageBuffer::default(), exchange }))
    }

    /// A stall is "no byte moved for this long", in whatever phase: ureq's limits per read and per
    /// write start anew with each of them, its limits per phase do not, so those are off. The other
    /// time limits are those of [`Exchange`].
    fn run(
        &self,
        request: http::Request<impl AsSendBody>,
        limits: Limits,
    ) -> Result<http::Response<Body>, ureq::Error> {
        let agent = self.agent();
        let stall = Some(limits.stall);
        let mut config = agent.configure_request(request);
        if limits.new_connection {
            // Kept connections that have been idle for this long are dropped; the new one is kept.
            config = config.max_idle_age(Duration::ZERO);
        }
        let config = config
            .https_only(!limits.direct)
            .max_redirects(0)
            .http_status_as_error(false)
            // The flow refuses heads that are too large; this leaves room for blanks between.
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

    /// If anybody in the build switched on ureq's `cookies`, every agent has a jar that adds its
    /// cookies to those in the request, and no setting to turn it off. A new agent has an empty
    /// one.
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

/// What [`Http::defaults`] says of TLS.
fn defaults() -> ConfigBuilder<AgentScope> {
    let builder = Config::builder();
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    let builder = builder.tls_config(tls::config());
    builder
}

/// Shows nothing: a proxy may have a password.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

/// A reply whose body is being received.
pub struct Reply {
    body: ureq::BodyReader<'static>,
    /// Bytes of a piece at the most: not more than the whole has.
    most: usize,
    buffer: PageBuffer,
    exchange: Exchange,
}

impl Reply {
    fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        let mut space = self.buffer.space(self.most);
        let read = self.exchange.within(|| self.body.read(space.bytes_mut()));
        let len = read.map_err(|error| classify(error.into()))?;
        self.exchange.received(len);
        Ok((len > 0).then(|| self.buffer.filled(space, len)))
    }
}

fn new_agent(config: Config, resolver: ObservedResolver) -> Agent {
    Agent::with_parts(config, ObservedConnector::default(), resolver)
}

/// Stands in for `Agent::cookie_jar_lock`, which exists with ureq's feature `cookies` only and then
/// goes before a trait's method of that name.
#[allow(dead_code)]
trait NoJar {
    fn cookie_jar_lock(&self) {}
}

impl NoJar for Agent {}

fn has_jar(agent: &Agent) -> bool {
    size_of_val(&agent.cookie_jar_lock()) > 0
}
