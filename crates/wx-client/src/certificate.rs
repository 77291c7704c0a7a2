//! For transports: classifies errors of certificates.

use std::error::Error;
use std::io;

use wx_proto::flow::CertificateProblem;

/// Returns why a certificate was rejected, if that is the cause of `error`.
///
/// Returns `None` for an alert from the server, because such an alert is about the client's
/// certificate.
#[must_use]
pub fn problem(error: &(dyn Error + 'static)) -> Option<CertificateProblem> {
    let chain = || std::iter::successors(Some(error), |error| cause(*error));
    // Check types first, because the text of an outer error may contain names from the certificate.
    #[cfg(feature = "rustls")]
    if let Some(error) = chain().find_map(|error| error.downcast_ref::<rustls::Error>()) {
        return typed(error);
    }
    chain().find_map(|error| described(&error.to_string()))
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    // `source` of an I/O error skips its inner error.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

#[cfg(feature = "rustls")]
fn typed(error: &rustls::Error) -> Option<CertificateProblem> {
    use rustls::CertificateError as Refused;

    let rustls::Error::InvalidCertificate(refused) = error else { return None };
    Some(match refused {
        Refused::Expired | Refused::ExpiredContext { .. } => CertificateProblem::Expired,
        Refused::NotValidYet | Refused::NotValidYetContext { .. } => {
            CertificateProblem::NotYetValid
        }
        // `BadSignature` means an issuer that has the name of a trusted one.
        Refused::UnknownIssuer | Refused::BadSignature => CertificateProblem::UnknownIssuer,
        Refused::NotValidForName | Refused::NotValidForNameContext { .. } => {
            CertificateProblem::WrongName
        }
        Refused::Revoked => CertificateProblem::Revoked,
        _ => CertificateProblem::Other,
    })
}

/// Classifies the error texts of OpenSSL, macOS and Windows, which have no error types for this.
fn described(text: &str) -> Option<CertificateProblem> {
    let text = text.to_ascii_lowercase();
    if !text.contains("certificate") || text.contains("alert") {
        return None;
    }
    let words = [
        ("not yet valid", CertificateProblem::NotYetValid),
        ("expired", CertificateProblem::Expired),
        ("validity period", CertificateProblem::Expired),
        ("revoked", CertificateProblem::Revoked),
        ("mismatch", CertificateProblem::WrongName),
        ("name does not match", CertificateProblem::WrongName),
        ("cn name", CertificateProblem::WrongName),
        ("issuer", CertificateProblem::UnknownIssuer),
        ("self-signed", CertificateProblem::UnknownIssuer),
        ("self signed", CertificateProblem::UnknownIssuer),
        ("not trusted", CertificateProblem::UnknownIssuer),
        ("untrusted", CertificateProblem::UnknownIssuer),
        ("verify failed", CertificateProblem::Other),
    ];
    words.into_iter().find_map(|(word, problem)| text.contains(word).then_some(problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_the_platforms() {
        let failed = "error:0A000086:SSL routines::certificate verify failed:statem_clnt.c:1889: ";
        for (reason, expected) in [
            ("(certificate has expired)", CertificateProblem::Expired),
            ("(certificate is not yet valid)", CertificateProblem::NotYetValid),
            ("(unable to get local issuer certificate)", CertificateProblem::UnknownIssuer),
            ("(self-signed certificate in certificate chain)", CertificateProblem::UnknownIssuer),
            ("(hostname mismatch)", CertificateProblem::WrongName),
            ("(CA md too weak)", CertificateProblem::Other),
        ] {
            let wrapped = io::Error::other(io::Error::other(format!("{failed}{reason}")));
            assert_eq!(problem(&wrapped), Some(expected), "{reason}");
        }
        for other in ["error:0A000412:SSL routines::tlsv1 alert bad certificate", "unexpected EOF"]
        {
            assert_eq!(problem(&io::Error::other(other)), None, "{other}");
        }
    }

    #[cfg(feature = "rustls")]
    #[test]
    fn the_errors_of_rustls() {
        use rustls::{AlertDescription, CertificateError};

        let refused = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, refused);
        assert_eq!(problem(&wrapped), Some(CertificateProblem::UnknownIssuer));
        assert_eq!(
            problem(&rustls::Error::AlertReceived(AlertDescription::CertificateUnknown)),
            None
        );
        assert_eq!(problem(&rustls::Error::DecryptError), None);
        // An attacker chooses the names in a certificate.
        for name in ["expired.example", "alert.example", "issuer.example"] {
            let refused = CertificateError::NotValidForNameContext {
                expected: rustls::pki_types::ServerName::try_from("wx.qq.com").unwrap(),
                presented: vec![format!("DnsName({name:?})")],
            };
            let wrapped = io::Error::other(rustls::Error::InvalidCertificate(refused));
            assert!(wrapped.to_string().contains(name));
            assert_eq!(problem(&wrapped), Some(CertificateProblem::WrongName), "{name}");
        }
    }
}
