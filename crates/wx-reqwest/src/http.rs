use std::fmt;
use std::io;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use wx_client::drive::unless_cancelled;
use wx_client::proxy::ProxySettings;
use wx_client::{AsyncTransport, BuildError, CancelToken, Transport};
use wx_proto::bytes::Bytes;
use wx_proto::flow::{TransportError, TransportErrorKind};
use wx_proto::http::response::Parts;
use wx_proto::{ApiRequest, Site, http};

use crate::body::{ActivityClock, BodyStream};
use crate::classify::classify;
use crate::connection::Connection;
use crate::hardening::harden;
use crate::pools::Pools;
use crate::proxy;
use crate::sink::Sink;
use crate::source::Source;

/// The transport: reqwest, configured so that it sends exactly the given requests. Clones share
/// their connections.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    pools: Arc<Pools>,
    loopback: bool,
}

impl Http {
    /// Returns a reqwest builder with the defaults of this crate: the proxy of `proxy`, and the
    /// certificates of the Cargo features. Start a custom builder with it.
    ///
    /// # Errors
    /// [`BuildError::Proxy`] if reqwest cannot use the proxy.
    pub fn defaults(proxy: &ProxySettings) -> Result<reqwest::ClientBuilder, BuildError> {
        proxy::apply(proxy, defaults())
    }

    /// Creates an HTTP client with the proxies, certificates and name resolution of `builder`. The
    /// default is reqwest's builder with the certificates of [`Http::defaults`]. Switches off
    /// redirects, retries, decoding, cookies, verbose logging and HTTP/2, and verifies
    /// certificates. A loopback site uses no proxy, any other site no plain http.
    ///
    /// Proxies that `builder` names are used, and so are the settings given to [`Http::defaults`],
    /// including [`ProxySettings::none`]. Otherwise the environment decides, as [`ProxySettings`]
    /// reads it. This also holds after [`reqwest::ClientBuilder::no_proxy`], which cannot be
    /// distinguished from a builder without proxies.
    ///
    /// # Errors
    /// [`BuildError`] if reqwest cannot be set up, or has no TLS for an https site, or if the
    /// environment names a proxy that cannot be used. [`BuildError::NoCryptoProvider`] for any site
    /// if the feature `rustls` is on without `aws-lc-rs` and the program has installed no crypto
    /// provider, also if `builder` has a TLS library of its own.
    pub fn new(builder: Option<reqwest::ClientBuilder>, site: &Site) -> Result<Self, BuildError> {
        let loopback = site.hosts().is_loopback();
        let builder = proxy::configure(builder.unwrap_or_else(defaults), loopback)?;
        if !loopback && !cfg!(any(feature = "rustls", feature = "native-tls")) {
            return Err(BuildError::NoTls);
        }
        // reqwest would panic, at least if rustls is its TLS library.
        #[cfg(all(feature = "rustls", not(feature = "aws-lc-rs")))]
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(BuildError::NoCryptoProvider);
        }
        let client = harden(builder, loopback).build().map_err(|_| BuildError::Client)?;
        Ok(Self { client, pools: Arc::default(), loopback })
    }

    /// Sends a request and waits for the head of its reply. The request is not part of the future,
    /// which would keep room for it while it waits.
    fn exchange(
        &self,
        request: ApiRequest,
    ) -> impl Future<Output = Result<(Parts, Reply), TransportError>> + Send {
        let limits = request.limits();
        let clock = ActivityClock::new(limits);
        let (parts, body) = request.into_http().into_parts();
        let begins_with_body = !body.segments().is_empty();
        let body = reqwest::Body::wrap(BodyStream::new(body, clock.clone()));
        let request = reqwest::Request::try_from(http::Request::from_parts(parts, body));
        let pool = self.pools.choose(limits.new_connection);
        let pending = match request {
            // A request of another session, which may need other proxies and certificates.
            _ if limits.direct != self.loopback => {
                Err(TransportError::never_connected(TransportErrorKind::Connect))
            }
            Ok(mut request) => {
                pool.apply(&mut request);
                Ok(self.client.execute(request))
            }
            Err(error) => Err(classify(&error, false, false)),
        };
        async move {
            let begun = || clock.has_begun() || !begins_with_body;
            let connection = Connection::default();
            match clock.wait(connection.observe(pending?)).await {
                Some(Ok(response)) => {
                    self.pools.keep(pool);
                    Ok(Reply::new(response, clock.clone()))
                }
                // A custom builder may have time limits.
                Some(Err(error)) if error.is_connect() && error.is_timeout() && !error.is_dns() => {
                    Err(connection.timeout_error())
                }
                Some(Err(error)) => Err(classify(&error, begun(), connection.is_reused())),
                None => Err(head_timeout_error(clock.has_begun(), begins_with_body, &connection)),
            }
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

    fn send(
        &self,
        request: ApiRequest,
        _: &CancelToken,
    ) -> impl Future<Output = Result<(Parts, Reply), TransportError>> + Send {
        self.exchange(request)
    }

    async fn receive(reply: &mut Reply) -> Result<Option<Bytes>, TransportError> {
        reply.next().await
    }

    async fn sleep(time: Duration, token: &CancelToken) {
        // A sleep of zero takes a millisecond in tokio.
        if time.is_zero() {
            tokio::task::yield_now().await;
        } else {
            unless_cancelled(pin!(tokio::time::sleep(time)), token).await;
        }
    }

    async fn unblock<T: Send + 'static>(
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        tokio::task::spawn_blocking(work).await?
    }
}

impl AsyncTransport for Http {}

/// Returns the error of a request without a head in time.
///
/// A body that was polled is being sent, even if another connection attempt is still unfinished.
/// Without a body, only an unfinished connection shows that nothing has left.
fn head_timeout_error(
    body_has_begun: bool,
    begins_with_body: bool,
    connection: &Connection,
) -> TransportError {
    if body_has_begun || (!begins_with_body && !connection.is_unfinished()) {
        TransportError::on_the_way(TransportErrorKind::Stalled)
    } else {
        connection.timeout_error()
    }
}

/// Returns the certificate settings of [`Http::defaults`].
fn defaults() -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder();
    // reqwest prefers the library of the platform if anybody in the build has switched it on.
    #[cfg(feature = "rustls")]
    let builder = builder.tls_backend_rustls();
    #[cfg(all(any(feature = "rustls", feature = "native-tls"), feature = "webpki-roots"))]
    let builder = builder.tls_certs_merge(webpki_roots());
    builder
}

#[cfg(all(any(feature = "rustls", feature = "native-tls"), feature = "webpki-roots"))]
fn webpki_roots() -> impl Iterator<Item = reqwest::Certificate> {
    // reqwest accepts any bytes here and parses them when the client is built.
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| reqwest::Certificate::from_der(der).ok())
}

/// Shows nothing, because a proxy may have a password.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

/// A reply whose body is being received.
pub struct Reply {
    response: reqwest::Response,
    clock: ActivityClock,
}

impl Reply {
    fn new(mut response: reqwest::Response, clock: ActivityClock) -> (Parts, Self) {
        let (mut head, ()) = http::Response::new(()).into_parts();
        head.status = response.status();
        head.version = response.version();
        head.headers = mem::take(response.headers_mut());
        (head, Self { response, clock })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        match self.clock.wait(self.response.chunk()).await {
            Some(Ok(piece)) => {
                self.clock.note(piece.as_ref().map_or(0, Bytes::len));
                Ok(piece)
            }
            Some(Err(error)) => Err(classify(&error, true, false)),
            None => Err(TransportError::on_the_way(TransportErrorKind::Stalled)),
        }
    }
}

#[cfg(test)]
mod tests {
    use wx_proto::flow::Delivery;

    use super::*;

    /// A request that was never connected is handed out again, so one that may have left must not
    /// count as such.
    #[test]
    fn a_polled_body_is_on_its_way_whatever_the_connection_shows() {
        let (pooled, unfinished) = (Connection::default(), Connection::unfinished());
        for (body_has_begun, begins_with_body, connection, delivered) in [
            (true, true, &unfinished, Delivery::Unknown),
            (true, true, &pooled, Delivery::Unknown),
            (false, true, &unfinished, Delivery::Never),
            (false, true, &pooled, Delivery::Never),
            (false, false, &unfinished, Delivery::Never),
            (false, false, &pooled, Delivery::Unknown),
        ] {
            let failure = head_timeout_error(body_has_begun, begins_with_body, connection);
            assert_eq!(failure.delivery, delivered, "{body_has_begun} {begins_with_body}");
        }
    }
}
