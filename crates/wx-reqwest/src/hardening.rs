//! Settings that override those of a custom builder.

use reqwest::{ClientBuilder, redirect, retry};

use crate::connection::Observed;

/// Replacements for methods of `ClientBuilder` that only exist with certain features of reqwest. If
/// a crate in the build enables such a feature, the inherent method takes precedence.
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

/// Switches off redirects, retries, decoding, cookies and verbose logging, and verifies
/// certificates. Plain http is only allowed for a loopback session.
///
/// One retry remains: hyper-util retries if a pooled connection turns out to be closed. This cannot
/// send anything twice, because hyper only returns a request that it has not begun to write
/// (`hyper::client::conn::http1::SendRequest::try_send_request`), and the body of [`crate::body`]
/// can only be read once.
///
/// Adds the layer of [`crate::connection`] as the outermost layer of the connector.
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
        // This would log every byte.
        .connection_verbose(false)
        .tls_danger_accept_invalid_certs(false)
        .tls_danger_accept_invalid_hostnames(false)
        .http1_only()
        .connector_layer(Observed)
        .https_only(!loopback)
}
