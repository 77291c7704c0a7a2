//! What a transport reports about itself for [`Client::health`](crate::Client::health).

use crate::proxy::ProxySettings;

/// The connection settings of a transport. The default describes a transport that reports nothing.
#[derive(Clone, Debug, Default)]
pub struct TransportInfo {
    /// The HTTP library, such as `ureq`.
    pub http: Option<&'static str>,
    /// The TLS library, if it is known.
    pub tls: Option<TlsLibrary>,
    /// The proxy settings, from the environment or from the program. `None` if the program has
    /// configured the HTTP library itself, which does not show its proxies.
    pub proxy: Option<ProxySettings>,
    /// The source of the trusted certificates.
    pub certificates: CertificateSource,
}

/// The source of the certificates that a transport trusts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateSource {
    /// The certificates that the platform trusts.
    Platform,
    /// Those of the platform, and Mozilla's, which are compiled in (the feature `webpki-roots`).
    PlatformAndMozilla,
    /// The program has configured the HTTP library: with this many certificates, if the library
    /// shows them.
    Program(Option<usize>),
    /// The transport does not report it.
    #[default]
    Unknown,
}

impl CertificateSource {
    /// Returns the certificates that a transport trusts by default, if it is built with this
    /// feature.
    #[must_use]
    pub const fn of_features(webpki_roots: bool) -> Self {
        match webpki_roots {
            true => Self::PlatformAndMozilla,
            false => Self::Platform,
        }
    }
}

/// A TLS library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsLibrary {
    /// rustls.
    Rustls,
    /// The library of the platform, with the crate native-tls.
    NativeTls,
}

impl TlsLibrary {
    /// Returns the library that a transport uses by default, if it is built with these features.
    #[must_use]
    pub const fn of_features(rustls: bool, native_tls: bool) -> Option<Self> {
        match (rustls, native_tls) {
            (true, _) => Some(Self::Rustls),
            (false, true) => Some(Self::NativeTls),
            (false, false) => None,
        }
    }

    /// Returns the name of the crate, such as `rustls`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rustls => "rustls",
            Self::NativeTls => "native-tls",
        }
    }
}

impl TransportInfo {
    /// Describes a transport over the HTTP library `http`, which has no proxy settings yet.
    #[must_use]
    pub fn new(
        http: &'static str,
        tls: Option<TlsLibrary>,
        certificates: CertificateSource,
    ) -> Self {
        Self { http: Some(http), tls, certificates, ..Self::default() }
    }
}
