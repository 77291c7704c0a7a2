use std::io::ErrorKind;

/// The certificates of the platform's store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateStore {
    /// The environment variables that replace the store: `SSL_CERT_FILE` or `SSL_CERT_DIR`.
    pub variables: Vec<&'static str>,
    /// The number of certificates that are trusted.
    pub trusted: usize,
    /// The number of files, directories and certificates that could not be read.
    pub unreadable: usize,
    /// Why the first of these could not be read.
    pub reason: Option<ErrorKind>,
}

impl CertificateStore {
    pub(super) fn description(&self) -> String {
        let place = match &*self.variables {
            [] => "of the platform".to_owned(),
            variables => format!("from {}", variables.join(" and ")),
        };
        let reason = self.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        match (self.trusted, self.unreadable) {
            (0, 0) => format!("none {place}"),
            (0, _) => format!("none {place}: it cannot be read{reason}"),
            (trusted, 0) => format!("{trusted} {place}"),
            (trusted, unreadable) => {
                format!("{trusted} {place}, but {unreadable} could not be read{reason}")
            }
        }
    }

    pub(super) fn next(&self) -> String {
        match &*self.variables {
            [] => "install or repair the certificates of the platform".to_owned(),
            variables => format!("correct or unset {}", variables.join(" and ")),
        }
    }

    /// Reads the store as the verifier of rustls does.
    #[cfg(all(feature = "rustls", unix, not(target_vendor = "apple"), not(target_os = "android")))]
    pub(super) fn read() -> Option<Self> {
        const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
        // An empty list of directories counts as unset, but an empty file name does not.
        let is_set = |name: &&str| {
            std::env::var_os(name).is_some_and(|value| *name == VARIABLES[0] || !value.is_empty())
        };
        let variables = VARIABLES.into_iter().filter(is_set).collect();
        let found = rustls_native_certs::load_native_certs();
        let (trusted, ignored) =
            rustls::RootCertStore::empty().add_parsable_certificates(found.certs);
        let reason = found.errors.first().map(|error| match &error.kind {
            rustls_native_certs::ErrorKind::Io { inner, .. } => inner.kind(),
            _ => ErrorKind::InvalidData,
        });
        Some(Self { variables, trusted, unreadable: found.errors.len() + ignored, reason })
    }

    /// Returns `None`, because the platform verifies certificates itself.
    #[cfg(not(all(
        feature = "rustls",
        unix,
        not(target_vendor = "apple"),
        not(target_os = "android")
    )))]
    pub(super) fn read() -> Option<Self> {
        None
    }
}
