use std::fmt;

use crate::proxy::ProxyError;

/// Why an HTTP client could not be set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no TLS library for https: enable the feature `rustls` or `native-tls`. A custom
    /// configuration must select an enabled one.
    NoTls,
    /// rustls has no crypto provider: enable the feature `aws-lc-rs` of `wx-reqwest`, or install a
    /// provider first (`rustls::crypto::CryptoProvider::install_default`).
    NoCryptoProvider,
    /// The configuration switches off the verification of certificates.
    Unverified,
    /// The HTTP library rejects the configuration.
    Client,
    /// Either the HTTP client or the session is for a loopback address, but not both. The former
    /// uses no proxy and no TLS.
    Loopback,
    /// An environment variable names a proxy that cannot be used.
    Proxy(ProxyError),
}

impl From<ProxyError> for BuildError {
    fn from(error: ProxyError) -> Self {
        Self::Proxy(error)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTls => f.write_str(
                "there is no TLS library for https: enable the feature rustls or native-tls",
            ),
            Self::NoCryptoProvider => f.write_str(
                "rustls has no crypto provider: enable the feature aws-lc-rs, or install a \
                 provider before the client is created",
            ),
            Self::Unverified => f.write_str("the configuration does not verify certificates"),
            Self::Client => f.write_str("the HTTP client could not be set up"),
            Self::Loopback => f.write_str(
                "the HTTP client and the session do not match: one is for a loopback address, \
                 and the other is not",
            ),
            Self::Proxy(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for BuildError {}
