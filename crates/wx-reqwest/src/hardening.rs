//! Settings that go before anything a caller's builder says.

use reqwest::{ClientBuilder, redirect, retry};

use crate::connection::Observed;

/// Stands in for methods of `ClientBuilder` that exist only with certain features of reqwest.
/// Anybody in a build can switch these on; a method of the type itself then goes before the
/// trait's.
#[allow(dead_code)]
trait MissingMethods: Sized {
    fn cookie_store(self, _: bool) -> Self {
        self
    }
    fn tls_danger_accept_invalid_certs(self, _: bool) -> Self {
        self
    }
    fn tls_danger_accept_invalid_hostnames(self, _: bool) -> Self {
        self
    }
}

impl MissingMethods for ClientBuilder {}

/// Redirects, retries, decoding, cookies and verbose logging off, certificates verified; plain http
/// for a loopback session alone.
///
/// One repeat is left, hyper-util's for a kept connection that turns out to be closed. It cannot
/// send anything twice: it needs the request back from hyper, which gives it back only if it never
/// began to write it (`hyper::client::conn::http1::SendRequest::try_send_request`). And the body of
/// [`crate::body`] can be read once.
///
/// The outermost layer of the connector is [`crate::connection`]'s.
pub(crate) fn harden(builder: ClientBuilder, loopback: bool) -> ClientBuilder {
    builder
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .cookie_store(false)
        // It would log every byte.
        .connection_verbose(false)
        .tls_danger_accept_invalid_certs(false)
        .tls_danger_accept_invalid_hostnames(false)
        .http1_only()
        .connector_layer(Observed)
        .https_only(!loopback)
}
