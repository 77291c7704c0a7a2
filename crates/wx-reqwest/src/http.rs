use std::fmt;
use std::io;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use wx_client::drive::unless_cancelled;
use wx_client::proxy::ProxySettings;
use wx_client::transport_info::{CertificateSource, TlsLibrary, TransportInfo};
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

/// A transport over reqwest, which is configured to send requests unchanged. Clones share their
/// connections.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    pools: Arc<Pools>,
    info: Arc<TransportInfo>,
    loopback: bool,
}

impl Http {
    /// Returns a reqwest builder with the defaults of this crate: the proxy in `proxy`, and the
    /// certificates of the enabled features. Use it for custom settings.
    ///
    /// # Errors
    /// [`BuildError::Proxy`] if reqwest cannot use the proxy.
    pub fn defaults(proxy: &ProxySettings) -> Result<reqwest::ClientBuilder, BuildError> {
        proxy::apply(proxy, defaults())
    }

    /// Creates an HTTP client with the proxies, certificates and name resolution of `builder`. The
    /// default is reqwest's builder with the certificates of [`Http::defaults`]. Switches off
    /// redirects, retries, decoding, cookies, verbose logging and HTTP/2, and verifies
    /// certificates. A loopback site uses no proxy. Other sites do not use plain http.
    ///
    /// The proxies of `builder` are used, including the settings that were passed to
    /// [`Http::defaults`], even if they are [`ProxySettings::none`]. Otherwise, the proxy of the
    /// environment is used, as [`ProxySettings`] reads it. This includes a builder with
    /// [`reqwest::ClientBuilder::no_proxy`], which cannot be distinguished from one without
    /// proxies.
    ///
    /// # Errors
    /// [`BuildError`] if reqwest cannot be set up, or has no TLS for an https site, or if the
    /// environment names a proxy that cannot be used. [`BuildError::NoCryptoProvider`] for any site
    /// if the feature `rustls` is on without `aws-lc-rs` and the program has installed no crypto
    /// provider, even if `builder` selects another TLS library.
    pub fn new(builder: Option<reqwest::ClientBuilder>, site: &Site) -> Result<Self, BuildError> {
        let loopback = site.hosts().is_loopback();
        let mut info = Self::info(None);
        if builder.is_some() {
            // reqwest shows neither, and a builder can select another TLS library.
            (info.tls, info.certificates) = (None, CertificateSource::Program(None));
        }
        let builder = proxy::configure(builder.unwrap_or_else(defaults), loopback, &mut info)?;
        if !loopback && !cfg!(any(feature = "rustls", feature = "native-tls")) {
            return Err(BuildError::NoTls);
        }
        // Without this check, reqwest panics, at least if it uses rustls.
        #[cfg(all(feature = "rustls", not(feature = "aws-lc-rs")))]
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(BuildError::NoCryptoProvider);
        }
        let client = harden(builder, loopback).build().map_err(|_| BuildError::Client)?;
        Ok(Self { client, pools: Arc::default(), info: Arc::new(info), loopback })
    }

    /// Sends a request and waits for the head of its reply. The future does not contain the
    /// request, so that it needs less memory while it waits.
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
            // This session may require other proxies and certificates.
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
                // A custom builder may have timeouts.
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

    fn info(http: Option<&Self>) -> TransportInfo {
        let defaults = || {
            let tls =
                TlsLibrary::of_features(cfg!(feature = "rustls"), cfg!(feature = "native-tls"));
            let certificates = CertificateSource::of_features(cfg!(feature = "webpki-roots"));
            TransportInfo::new("reqwest", tls, certificates)
        };
        http.map_or_else(defaults, |http| TransportInfo::clone(&http.info))
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
        // In tokio, a sleep of zero takes a millisecond.
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

/// Returns the error of a request whose reply's head has timed out.
///
/// If the body was polled, it is being sent, even if another connection attempt is unfinished. For
/// a request without a body, only an unfinished connection shows that nothing was sent.
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
    // reqwest prefers the platform's TLS library if any crate in the build has enabled it.
    #[cfg(feature = "rustls")]
    let builder = builder.tls_backend_rustls();
    #[cfg(all(any(feature = "rustls", feature = "native-tls"), feature = "webpki-roots"))]
    let builder = builder.tls_certs_merge(webpki_roots());
    builder
}

#[cfg(all(any(feature = "rustls", feature = "native-tls"), feature = "webpki-roots"))]
fn webpki_roots() -> impl Iterator<Item = reqwest::Certificate> {
    // reqwest does not parse the bytes before the client is built.
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| reqwest::Certificate::from_der(der).ok())
}

/// Does not show the settings, because a proxy may have a password.
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
                self.clock.record_bytes(piece.as_ref().map_or(0, Bytes::len));
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

    /// A request that was never connected is sent again, so one that may have left must not
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
            let error = head_timeout_error(body_has_begun, begins_with_body, connection);
            assert_eq!(error.delivery, delivered, "{body_has_begun} {begins_with_body}");
        }
    }
}
