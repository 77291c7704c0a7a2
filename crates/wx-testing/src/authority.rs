//! The certificate authority of one test bed.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use sha2::{Digest, Sha256};

/// Signs a certificate for each requested host name.
pub(crate) struct Authority {
    issuer: Arc<CertifiedIssuer<'static, KeyPair>>,
    /// All certificates use the same key, so that a browser can be started with its hash.
    key: Arc<KeyPair>,
    signing_key: Arc<dyn SigningKey>,
    issued: Mutex<BTreeMap<String, Arc<CertifiedKey>>>,
    flaw: Option<Flaw>,
}

/// A flaw in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for another host name.
    WrongName,
    /// The issuer is unknown.
    UnknownIssuer,
}

impl Authority {
    pub(crate) fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "wx-testing authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = Arc::new(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?);
        let key = Arc::new(KeyPair::generate()?);
        let signing_key =
            ring::sign::any_supported_type(&PrivateKeyDer::Pkcs8(key.serialize_der().into()))
                .map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
        Ok(Self { issuer, key, signing_key, issued: Mutex::default(), flaw: None })
    }

    /// Returns a similar authority that issues certificates with a flaw.
    pub(crate) fn flawed(&self, flaw: Flaw) -> Result<Self, rcgen::Error> {
        if flaw == Flaw::UnknownIssuer {
            return Self::new();
        }
        Ok(Self {
            issuer: Arc::clone(&self.issuer),
            key: Arc::clone(&self.key),
            signing_key: Arc::clone(&self.signing_key),
            issued: Mutex::default(),
            flaw: Some(flaw),
        })
    }

    /// Returns the authority's own certificate as PEM.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Returns the SHA-256 of the public key of all certificates, in base64.
    pub(crate) fn spki_hash(&self) -> String {
        STANDARD.encode(Sha256::digest(self.key.subject_public_key_info()))
    }

    fn issue(&self, name: &str) -> Result<Arc<CertifiedKey>, rcgen::Error> {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(certified) = issued.get(name) {
            return Ok(Arc::clone(certified));
        }
        let host = if self.flaw == Some(Flaw::WrongName) { "another.example" } else { name };
        let mut params = CertificateParams::new([host.to_owned()])?;
        match self.flaw {
            Some(Flaw::Expired) => params.not_after = date_time_ymd(2000, 1, 1),
            Some(Flaw::NotYetValid) => params.not_before = date_time_ymd(4000, 1, 1),
            _ => {}
        }
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&*self.key, &self.issuer)?;
        let chain: Vec<CertificateDer<'static>> =
            vec![certificate.der().clone(), self.issuer.der().clone()];
        let certified = Arc::new(CertifiedKey::new(chain, Arc::clone(&self.signing_key)));
        issued.insert(name.to_owned(), Arc::clone(&certified));
        Ok(certified)
    }
}

impl ResolvesServerCert for Authority {
    /// Returns no certificate to a client that sends no host name, as the real server would do.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.issue(hello.server_name()?).ok()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}
