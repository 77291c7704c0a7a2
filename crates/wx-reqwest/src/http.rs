use std::fmt;
use std::io;
use std::mem;
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

/// reqwest, set so that it sends what it is told and nothing else. Clones share their connections.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    pools: Arc<Pools>,
    loopback: bool,
}

impl Http {
    /// Returns a builder of reqwest's with the defaults of this crate, to start a custom one from:
    /// reqwest's own, the proxy of `proxy` or none, and the certificates that the Cargo features
    /// say.
    ///
    /// # Errors
    /// [`BuildError::Proxy`] if reqwest cannot use the proxy.
    pub fn defaults(proxy: &ProxySettings) -> Result<reqwest::ClientBuilder, BuildError> {
        proxy::apply(proxy, defaults())
    }

    /// Takes `builder` for proxies, certificates, name resolution and the like, or reqwest's own
    /// with the certificates of [`Http::defaults`]; then switches off redirects, retries, decoding,
    /// cookies, verbose logging and HTTP/2, and verifies certificates. For a loopback site no proxy
    /// is used, for any other no plain http.
    ///
    /// If `builder` names proxies, these are used, and so is what [`Http::defaults`] was given,
    /// [`ProxySettings::none`] included. Else the environment decides, as [`ProxySettings`] reads
    /// it. That holds after [`reqwest::ClientBuilder::no_proxy`] as well, which cannot be told from
    /// a builder about which nobody has decided.
    ///
    /// # Errors
    /// [`BuildError`] if reqwest cannot be set up, or has no TLS for an https site, or if the
    /// environment decides and asks for a proxy that cannot be used.
    pub fn new(builder: Option<reqwest::ClientBuilder>, site: &Site) -> Result<Self, BuildError> {
        let loopback = site.hosts().is_loopback();
        let builder = proxy::decide(builder.unwrap_or_else(defaults), loopback)?;
        if !loopback && !cfg!(any(feature = "rustls", feature = "native-tls")) {
            return Err(BuildError::NoTls);
        }
        let client = harden(builder, loopback).build().map_err(|_| BuildError::Client)?;
        Ok(Self { client, pools: Arc::default(), loopback })
    }

    /// Sends a request and waits for the head of its answer.
    async fn exchange(&self, request: ApiRequest) -> Result<(Parts, Reply), TransportError> {
        let limits = request.limits();
        if limits.direct != self.loopback {
            // A request of another session: this client may have a proxy.
            return Err(TransportError::never_connected(TransportErrorKind::Connect));
        }
        let clock = ActivityClock::new(limits);
        let (parts, body) = request.into_http().into_parts();
        let begins_with_body = !body.segments().is_empty();
        let body = reqwest::Body::wrap(BodyStream::new(body, clock.clone()));
        let begun = || clock.has_begun() || !begins_with_body;
        let request = http::Request::from_parts(parts, body);
        let mut request: reqwest::Request =
            request.try_into().map_err(|error| classify(&error, false, false))?;
        let pool = self.pools.choose(limits.new_connection);
        pool.apply(&mut request);
        let connection = Connection::default();
        match clock.wait(connection.observe(self.client.execute(request))).await {
            Some(Ok(response)) => {
                self.pools.keep(pool);
                Ok(Reply::new(response, clock.clone()))
            }
            // A builder may have time limits of its own.
            Some(Err(error)) if error.is_connect() && error.is_timeout() && !error.is_dns() => {
                Err(connection.not_in_time())
            }
            Some(Err(error)) => Err(classify(&error, begun(), connection.is_reused())),
            None => Err(out_of_time(clock.has_begun(), begins_with_body, &connection)),
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
        _: &CancelToken,
    ) -> Result<(Parts, Reply), TransportError> {
        self.exchange(request).await
    }

    async fn receive(reply: &mut Reply) -> Result<Option<Bytes>, TransportError> {
        reply.next().await
    }

    async fn sleep(time: Duration, token: &CancelToken) {
        // tokio takes a millisecond for a sleep of zero.
        if !time.is_zero() {
            unless_cancelled(tokio::time::sleep(time), token).await;
        }
    }

    async fn unblock<T: Send + 'static>(
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        tokio::task::spawn_blocking(work).await?
    }
}

impl AsyncTransport for Http {}

/// The failure of a request that got no head in time.
///
/// A body that was asked for is on its way, whatever becomes of a connection that was begun beside
/// the one from the pool. Without a body, only an unfinished connection shows that nothing left.
fn out_of_time(
    body_has_begun: bool,
    begins_with_body: bool,
    connection: &Connection,
) -> TransportError {
    if body_has_begun || (!begins_with_body && !connection.is_unfinished()) {
        TransportError::on_the_way(TransportErrorKind::Stalled)
    } else {
        connection.not_in_time()
    }
}

/// What [`Http::defaults`] says of certificates.
fn defaults() -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder();
    #[cfg(all(any(feature = "rustls", feature = "native-tls"), feature = "webpki-roots"))]
    let builder = builder.tls_certs_merge(webpki_roots());
    builder
}

#[cfg(all(any(feature = "rustls", feature = "native-tls"), feature = "webpki-roots"))]
fn webpki_roots() -> impl Iterator<Item = reqwest::Certificate> {
    // reqwest takes any bytes here and reads them when the client is built.
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| reqwest::Certificate::from_der(der).ok())
}

/// Shows nothing: a proxy may have a password.
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

    /// What counts as never connected is handed out again, so nothing may count as that which may
    /// have left.
    #[test]
    fn a_body_that_was_asked_for_is_on_its_way_whatever_the_connection_shows() {
        let (pooled, unfinished) = (Connection::default(), Connection::unfinished());
        for (body_has_begun, begins_with_body, connection, delivered) in [
            (true, true, &unfinished, Delivery::Unknown),
            (true, true, &pooled, Delivery::Unknown),
            (false, true, &unfinished, Delivery::Never),
            (false, true, &pooled, Delivery::Never),
            (false, false, &unfinished, Delivery::Never),
            (false, false, &pooled, Delivery::Unknown),
        ] {
            let failure = out_of_time(body_has_begun, begins_with_body, connection);
            assert_eq!(failure.delivered, delivered, "{body_has_begun} {begins_with_body}");
        }
    }
}
