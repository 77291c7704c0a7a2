//! Chooses the TLS library and the trusted certificates.

use ureq::config::Config;
use wx_client::transport_info::{CertificateSource, TlsLibrary};

use crate::BuildError;

#[cfg(any(feature = "rustls", feature = "native-tls"))]
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// Checks that `config` can be used for https, and returns its TLS library and the source of its
/// certificates.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) fn check(config: &Config) -> Result<(TlsLibrary, CertificateSource), BuildError> {
    let tls = config.tls_config();
    let built = [
        (TlsProvider::Rustls, cfg!(feature = "rustls")),
        (TlsProvider::NativeTls, cfg!(feature = "native-tls")),
    ];
    if tls.disable_verification() {
        Err(BuildError::Unverified)
    } else if !built.contains(&(tls.provider(), true)) {
        Err(BuildError::NoTls)
    } else {
        let library = match tls.provider() {
            TlsProvider::Rustls => TlsLibrary::Rustls,
            _ => TlsLibrary::NativeTls,
        };
        let certificates = match tls.root_certs() {
            RootCerts::PlatformVerifier => CertificateSource::Platform,
            RootCerts::Specific(list) => CertificateSource::Program(Some(list.len())),
            _ => CertificateSource::Program(None),
        };
        Ok((library, certificates))
    }
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(crate) fn check(_: &Config) -> Result<(TlsLibrary, CertificateSource), BuildError> {
    Err(BuildError::NoTls)
}

/// Returns the default TLS settings, which use rustls if it is compiled in.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) fn config() -> TlsConfig {
    let provider =
        if cfg!(feature = "rustls") { TlsProvider::Rustls } else { TlsProvider::NativeTls };
    TlsConfig::builder().provider(provider).root_certs(roots()).build()
}

#[cfg(all(any(feature = "rustls", feature = "native-tls"), not(feature = "webpki-roots")))]
fn roots() -> RootCerts {
    RootCerts::PlatformVerifier
}

/// Returns the platform's and the compiled-in certificates as one list, because ureq uses either
/// the platform's verifier or a list. Like that verifier, this skips files of the platform's store
/// that cannot be read.
#[cfg(all(any(feature = "rustls", feature = "native-tls"), feature = "webpki-roots"))]
fn roots() -> RootCerts {
    use ureq::tls::Certificate;

    let platform = rustls_native_certs::load_native_certs().certs;
    let compiled_in = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
    platform
        .into_iter()
        .chain(compiled_in)
        .map(|cert| Certificate::from_der(&cert).to_owned())
        .into()
}

#[cfg(all(test, any(feature = "rustls", feature = "native-tls"), feature = "webpki-roots"))]
mod tests {
    use super::*;

    #[test]
    fn compiled_in_certificates_are_trusted_too() {
        let RootCerts::Specific(roots) = roots() else { panic!("not a list") };
        for compiled_in in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            assert!(roots.iter().any(|root| *root.der() == **compiled_in));
        }
    }
}
