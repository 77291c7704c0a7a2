//! Whom a client believes to be the server.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use wx_proto::flow::{Delivered, FailureKind};
use wx_proto::{Cause, Error, Outcome, ReplyError, Session, UserName};

use super::{Transport, listen, network, one_try, read_head, small};

const HOSTS: [&str; 2] = ["wx.qq.com", "file.wx.qq.com"];

fn official() -> Session {
    let session =
        Session::builder("https://wx.qq.com").uin(1).sid("s").skey("k").user_name("@me").data_ticket("t");
    session.build().unwrap()
}

fn upload<T: Transport>(proxy: Option<&str>) -> Error {
    let client = T::new(official(), one_try(), proxy);
    client.upload(&UserName::new("filehelper").unwrap(), small()).unwrap_err()
}

fn server(certificate: &Certificate, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

/// A proxy that opens the tunnel and then talks no TLS: nothing was delivered, and the message is not in doubt.
pub(crate) fn no_tls_there<T: Transport>() {
    let proxy = listen(|mut stream| {
        assert!(read_head(&mut stream).starts_with("CONNECT "));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        stream.read_exact(&mut [0; 50]).unwrap();
        stream.write_all(b"this is no handshake, whatever it may be\r\n\r\n").unwrap();
    });
    let error = upload::<T>(Some(&format!("http://{proxy}")));
    assert_eq!(network(&error), (FailureKind::Tls, Delivered::Never));
}

/// A proxy that opens the tunnel and then speaks TLS itself, with a certificate that has the right names and was signed
/// by nobody. It is told the server's name, and nothing of the request: the handshake is never finished.
pub(crate) fn a_certificate_that_nobody_signed_is_refused<T: Transport>() {
    let own = rcgen::generate_simple_self_signed(HOSTS.map(String::from)).unwrap();
    let config = server(&own.cert, &own.signing_key);
    let (tell, heard) = mpsc::channel();
    let proxy = listen(move |mut stream| {
        assert!(read_head(&mut stream).starts_with("CONNECT file.wx.qq.com:443 "));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap_err();
        tell.send((bytes, stream.conn.server_name().map(str::to_owned), stream.conn.is_handshaking()))
            .unwrap();
    });
    let error = upload::<T>(Some(&format!("http://{proxy}")));
    assert_eq!(network(&error), (FailureKind::Tls, Delivered::Never));
    let (bytes, name, shaking_hands) = heard.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(bytes.is_empty(), "it got {} bytes of a request", bytes.len());
    assert_eq!((name.as_deref(), shaking_hands), (Some("file.wx.qq.com"), true));
}

/// What a client believes is set by the environment, which cannot be changed within a process, so this runs itself
/// once more: with the authority that signed the server's certificate in the platform's store, and with another one.
#[cfg(target_os = "linux")]
pub(crate) fn the_platforms_store_says_who_is_believed<T: Transport>() {
    const TRUSTED: &str = "WX_TEST_TRUSTED";
    if let Some(trusted) = std::env::var_os(TRUSTED) {
        let error = upload::<T>(None);
        if trusted == "yes" {
            assert_eq!(error.cause, Cause::Reply(ReplyError::Status(413)));
        } else {
            assert_eq!(network(&error), (FailureKind::Tls, Delivered::Never));
        }
        assert_eq!(error.outcome(), Outcome::NotSent);
        return;
    }
    let authority = || {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
    };
    let ((pem, issuer), (other, _)) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(HOSTS.map(String::from)).unwrap().signed_by(&key, &issuer).unwrap();
    let config = server(&leaf, &key);
    let proxy = listen(move |mut stream| {
        assert!(read_head(&mut stream).starts_with("CONNECT file.wx.qq.com:443 "));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        if stream.read_exact(&mut [0; 100]).is_ok() {
            let refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(refusal).unwrap();
            std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or_default();
        }
    });
    let scratch = tempfile::tempdir().unwrap();
    let run = |authority: &str, trusted: &str| {
        let store = scratch.path().join(trusted);
        std::fs::write(&store, authority).unwrap();
        let mut child = child("the_platforms_store_says_who_is_believed", &store);
        child.env("HTTPS_PROXY", format!("http://{proxy}")).env(TRUSTED, trusted);
        let output = child.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("1 passed"), "{trusted}: {told}");
    };
    run(&pem, "yes");
    run(&other, "no");
}

fn child(test: &str, store: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test]).env("SSL_CERT_FILE", store).env_remove("SSL_CERT_DIR");
    for name in ["NO_PROXY", "no_proxy", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env_remove(name);
    }
    child
}
