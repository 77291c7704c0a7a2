//! The certificates that are trusted.

mod store;

use wx_proto::Advice;

use super::item::HealthItem;
use super::status::HealthStatus;
use crate::transport_info::{CertificateSource, TlsLibrary, TransportInfo};

pub use store::CertificateStore;

/// The certificates of the authorities that the client trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificatesHealth {
    /// None are needed for a loopback address.
    Loopback,
    /// The platform verifies certificates itself, and does not list those that it trusts.
    Platform {
        /// Whether Mozilla's certificates are trusted too.
        mozilla: bool,
    },
    /// The certificates of the platform's store were read.
    Store {
        /// The store.
        store: CertificateStore,
        /// Whether Mozilla's certificates are trusted too.
        mozilla: bool,
    },
    /// The program has configured the HTTP library: with this many certificates, if the library
    /// shows them.
    Program(Option<usize>),
    /// The transport does not report it.
    Unknown,
}

impl CertificatesHealth {
    /// Reads the store, if a transport trusts it and this platform has one.
    pub(super) fn read(info: &TransportInfo) -> Self {
        let mozilla = match info.certificates {
            CertificateSource::Platform => false,
            CertificateSource::PlatformAndMozilla => true,
            CertificateSource::Program(certificates) => return Self::Program(certificates),
            CertificateSource::Unknown => return Self::Unknown,
        };
        match CertificateStore::read().filter(|_| info.tls == Some(TlsLibrary::Rustls)) {
            Some(store) => Self::Store { store, mozilla },
            None => Self::Platform { mozilla },
        }
    }

    /// Returns the result of the check.
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        match self {
            Self::Store { store: CertificateStore { trusted: 0, .. }, mozilla: false }
            | Self::Program(Some(0)) => HealthStatus::Failed,
            Self::Store { store, .. } if store.trusted == 0 || store.unreadable > 0 => {
                HealthStatus::Warning
            }
            _ => HealthStatus::Ok,
        }
    }

    pub(super) fn item(&self) -> HealthItem {
        let item = |message: String| HealthItem::new("certificates", self.status(), message);
        let more = |mozilla| if mozilla { ", and Mozilla's, which are compiled in" } else { "" };
        match self {
            Self::Loopback => item("not needed for a loopback address".to_owned()),
            Self::Platform { mozilla } => {
                item(format!("those that the platform trusts{}", more(*mozilla)))
            }
            Self::Store { store, mozilla } => {
                let item = item(format!("{}{}", store.description(), more(*mozilla)));
                match self.status() {
                    HealthStatus::Ok => item,
                    _ => item.advise_in_words(Advice::CheckFile, store.next()),
                }
            }
            Self::Program(Some(0)) => item("the program trusts none".to_owned())
                .advise_in_words(Advice::Report, "correct the configuration of the HTTP client"),
            Self::Program(Some(count)) => item(format!("{count}, which the program has chosen")),
            Self::Program(None) => item("as the program has configured them".to_owned()),
            Self::Unknown => item("not reported by the transport".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind::NotFound;

    use super::*;

    fn item(trusted: usize, unreadable: usize, mozilla: bool, is_set: bool) -> HealthItem {
        let store = CertificateStore {
            variables: if is_set { vec!["SSL_CERT_FILE"] } else { Vec::new() },
            trusted,
            unreadable,
            reason: (unreadable > 0).then_some(NotFound),
        };
        CertificatesHealth::Store { store, mozilla }.item()
    }

    #[test]
    fn a_store_without_certificates_is_named_with_its_variable() {
        use HealthStatus::{Failed, Ok, Warning};
        for (found, status, words) in [
            (item(137, 0, false, false), Ok, "137 of the platform"),
            (item(1, 0, false, true), Ok, "1 from SSL_CERT_FILE"),
            (item(136, 1, false, false), Warning, "136 of the platform, but 1 could not be read"),
            (item(0, 0, false, true), Failed, "none from SSL_CERT_FILE"),
            (item(0, 1, false, true), Failed, "cannot be read (entity not found)"),
            (item(0, 0, false, false), Failed, "none of the platform"),
            (item(0, 0, true, false), Warning, "none of the platform, and Mozilla's"),
            (CertificatesHealth::Program(Some(0)).item(), Failed, "the program trusts none"),
            (CertificatesHealth::Program(Some(3)).item(), Ok, "3, which the program has chosen"),
            (
                CertificatesHealth::Platform { mozilla: true }.item(),
                Ok,
                "the platform trusts, and Mozilla",
            ),
        ] {
            assert_eq!(found.status, status, "{found}");
            assert!(found.message.contains(words), "{found}");
            assert_eq!(found.next.is_some(), status != Ok, "{found}");
        }
        assert!(item(0, 1, false, true).next.unwrap().contains("unset SSL_CERT_FILE"));
        assert!(item(0, 1, false, false).next.unwrap().contains("install"));
    }
}
