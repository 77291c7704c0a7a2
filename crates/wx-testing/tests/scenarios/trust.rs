//! Which certificates a client trusts.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use wx_proto::flow::{CertificateProblem, Delivery, ProxyProblem, TransportErrorKind};
use wx_proto::{Error, ErrorKind, ImageVariant, MsgId, Outcome, Recipient, ReplyError, Session};

use super::{
    FetchInto, Transport, UNREACHABLE, listen, network, one_try, read_head, settle, small,
};

const UNKNOWN_ISSUER: TransportErrorKind =
    TransportErrorKind::Certificate(CertificateProblem::UnknownIssuer);
const HOSTS: [&str; 2] = ["wx.qq.com", "file.wx.qq.com"];

pub(super) fn official() -> Session {
    let session = Session::builder("https://wx.qq.com")
        .uin(1)
        .sid("s")
        .skey("k")
        .user_name("@me")
        .data_ticket("t");
    session.build().unwrap()
}

fn upload<T: Transport>(proxy: Option<&str>) -> Error {
    let client = T::new(official(), one_try(), proxy);
    client.upload(&Recipient::file_helper(), small()).unwrap_err()
}

fn server(certificate: &Certificate, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
    // Session tickets would be read in place of a reply.
    config.send_tls13_tickets = 0;
    Arc::new(config)
}

/// If the tunnel of a proxy does not lead to a TLS server, nothing is delivered, and the message is
/// not in doubt.
pub(crate) fn no_tls_there<T: Transport>() {
    let proxy = listen(|mut stream| {
        assert!(read_head(&mut stream).starts_with("CONNECT "));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        stream.read_exact(&mut [0; 50]).unwrap();
        stream.write_all(b"this is not a handshake, but some text..\r\n\r\n").unwrap();
    });
    let error = upload::<T>(Some(&format!("http://{proxy}")));
    assert_eq!(network(&error), (TransportErrorKind::Tls, Delivery::Never));
}

/// Starts a proxy that reads a request, replies, and closes the connection.
fn proxy_that_says(dialogue: Vec<(usize, Vec<u8>)>) -> String {
    listen(move |mut stream| {
        for (observed, reply) in &dialogue {
            stream.read_exact(&mut vec![0; *observed]).unwrap();
            stream.write_all(reply).unwrap();
        }
        // Closing with unread bytes would reset the connection.
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or_default();
    })
}

/// If a proxy does not connect, nothing is delivered, and the error describes the reply of the
/// proxy.
pub(crate) fn faults_of_a_proxy_are_named<T: Transport>() {
    let http = |reply: &str| format!("http://{}", proxy_that_says(vec![(50, reply.into())]));
    let socks = |dialogue: &[(usize, &[u8])]| {
        let dialogue = dialogue.iter().map(|(observed, reply)| (*observed, reply.to_vec()));
        format!("socks5h://{}", proxy_that_says(dialogue.collect()))
    };
    // Too long for a DNS label, so no name server is queried.
    let no_name = "x".repeat(64);
    for (proxy, problem) in [
        (UNREACHABLE.to_owned(), ProxyProblem::Connect),
        (UNREACHABLE.replace("http", "socks5h"), ProxyProblem::Connect),
        (format!("http://{no_name}:1"), ProxyProblem::Resolve),
        (format!("socks5h://{no_name}:1"), ProxyProblem::Resolve),
        (http(""), ProxyProblem::Closed),
        (http("HTTP/1.1 200"), ProxyProblem::Closed),
        (http("220 mail.example.com ESMTP\r\n\r\n"), ProxyProblem::Refused(None)),
        (
            http("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
            ProxyProblem::Refused(Some(407)),
        ),
        (socks(&[(3, b"")]), ProxyProblem::Closed),
        (socks(&[(3, b"\x05\0"), (21, b"\x05\0\0")]), ProxyProblem::Closed),
        (socks(&[(3, b"\x05\xff")]), ProxyProblem::Refused(None)),
        (
            socks(&[(3, b"\x05\0"), (21, b"\x05\x02\0\x01\0\0\0\0\0\0")]),
            ProxyProblem::Refused(None),
        ),
        (socks(&[(3, b"HTTP/1.1 400 Bad Request\r\n\r\n")]), ProxyProblem::Refused(None)),
    ] {
        let error = upload::<T>(Some(&proxy));
        assert_eq!(
            network(&error),
            (TransportErrorKind::Proxy(problem), Delivery::Never),
            "{proxy}"
        );
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
}

/// A proxy terminates TLS itself, with a self-signed certificate for the correct names. It learns
/// the name of the server but nothing of the request, because the handshake is never completed.
pub(crate) fn a_certificate_that_nobody_signed_is_refused<T: Transport>() {
    let own = rcgen::generate_simple_self_signed(HOSTS.map(String::from)).unwrap();
    let config = server(&own.cert, &own.signing_key);
    let (tell, observed) = mpsc::channel();
    let proxy = listen(move |mut stream| {
        assert!(read_head(&mut stream).starts_with("CONNECT file.wx.qq.com:443 "));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let mut stream =
            StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap_err();
        tell.send((
            bytes,
            stream.conn.server_name().map(str::to_owned),
            stream.conn.is_handshaking(),
        ))
        .unwrap();
    });
    let error = upload::<T>(Some(&format!("http://{proxy}")));
    assert_eq!(network(&error), (UNKNOWN_ISSUER, Delivery::Never));
    let (bytes, name, shaking_hands) = observed.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(bytes.is_empty(), "the proxy received {} bytes of a request", bytes.len());
    assert_eq!((name.as_deref(), shaking_hands), (Some("file.wx.qq.com"), true));
}

/// Returns an authority: its certificate in PEM format, and its issuer.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
}

/// Starts a proxy that is also the server. It uses a certificate that `issuer` has signed, and
/// calls `serve`.
fn proxy(
    issuer: &Issuer<'static, KeyPair>,
    serve: impl Fn(StreamOwned<ServerConnection, TcpStream>) + Send + 'static,
) -> String {
    let key = KeyPair::generate().unwrap();
    let leaf =
        CertificateParams::new(HOSTS.map(String::from)).unwrap().signed_by(&key, issuer).unwrap();
    let config = server(&leaf, &key);
    listen(move |mut stream| {
        let head = read_head(&mut stream);
        assert!(
            HOSTS.iter().any(|host| head.starts_with(&format!("CONNECT {host}:443 "))),
            "{head}"
        );
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        serve(StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream));
    })
}

/// Runs a test again in a child process with `authority` in the platform's certificate store, which
/// is selected by an environment variable.
fn run_believing<T: Transport>(authority: &str, proxy: &str, test: &str, role: &str) {
    let store = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(store.path(), authority).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", &format!("{}::{test}", T::TESTS)])
        .env(ROLE, role)
        .env("HTTPS_PROXY", format!("http://{proxy}"));
    child.env("SSL_CERT_FILE", store.path()).env_remove("SSL_CERT_DIR");
    for name in ["NO_PROXY", "no_proxy", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env_remove(name);
    }
    let output = child.output().unwrap();
    let reported = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && reported.contains("1 passed"), "{role}: {reported}");
}

/// The variable with the role of a test that runs again in a child process.
const ROLE: &str = "WX_TEST_ROLE";

pub(crate) fn the_platforms_store_decides_who_is_trusted<T: Transport>() {
    if let Some(role) = std::env::var_os(ROLE) {
        let error = upload::<T>(None);
        if role == "believes" {
            assert_eq!(error.kind, ErrorKind::Reply(ReplyError::Status(413)));
        } else {
            assert_eq!(network(&error), (UNKNOWN_ISSUER, Delivery::Never));
        }
        assert_eq!(error.outcome(), Outcome::NotSent);
        return;
    }
    let ((pem, issuer), (other, _)) = (authority(), authority());
    let proxy = proxy(&issuer, |mut stream| {
        if stream.read_exact(&mut [0; 100]).is_ok() {
            let refusal =
                b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(refusal).unwrap();
            std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or_default();
        }
    });
    let test = "the_platforms_store_decides_who_is_trusted";
    run_believing::<T>(&pem, &proxy, test, "believes");
    run_believing::<T>(&other, &proxy, test, "does not");
}

/// With TLS 1.3, a server may reject the handshake after the client has already sent the request.
pub(crate) fn tls_that_fails_after_the_request_is_in_doubt<T: Transport>() {
    if std::env::var_os(ROLE).is_some() {
        assert_eq!(network(&upload::<T>(None)), (TransportErrorKind::Tls, Delivery::Unknown));
        return;
    }
    let (pem, issuer) = authority();
    let proxy = proxy(&issuer, |mut stream| {
        read_head(&mut stream);
        // An unencrypted alert, which is invalid at this point.
        stream.sock.write_all(&[21, 3, 3, 0, 2, 2, 40]).unwrap();
        std::io::copy(&mut stream.sock, &mut std::io::sink()).unwrap_or_default();
    });
    run_believing::<T>(&pem, &proxy, "tls_that_fails_after_the_request_is_in_doubt", "believes");
}

/// The server closes the connection with a close_notify, as TLS requires, or without one, as many
/// servers do. On a new connection, no request is repeated outside of its tries.
pub(crate) fn a_closed_reused_tls_connection_costs_no_try<T: Transport>() {
    if let Some(role) = std::env::var_os(ROLE) {
        let client = T::new(official(), one_try(), None);
        let id = MsgId::new("1").unwrap();
        let fetch = || client.fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut Vec::new()));
        if role == "new" {
            assert_eq!(
                network(&fetch().unwrap_err()),
                (TransportErrorKind::Dropped, Delivery::Unknown)
            );
        } else {
            fetch().unwrap();
            settle();
            fetch().unwrap();
        }
        return;
    }
    let test = "a_closed_reused_tls_connection_costs_no_try";
    for notify in [true, false] {
        let (pem, issuer) = authority();
        let closed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&closed);
        let proxy = proxy(&issuer, move |mut stream| {
            read_head(&mut stream);
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", small().len()).unwrap();
            stream.write_all(&small()).unwrap();
            stream.flush().unwrap();
            // The second request is read but not answered.
            if stream.read(&mut [0; 4096]).is_ok_and(|len| len > 0) {
                count.fetch_add(1, Ordering::Relaxed);
                if notify {
                    stream.conn.send_close_notify();
                    stream.flush().unwrap();
                }
            }
        });
        run_believing::<T>(&pem, &proxy, test, "reused");
        assert_eq!(closed.load(Ordering::Relaxed), usize::from(T::KEEPS), "notify: {notify}");
    }
    let (pem, issuer) = authority();
    let closed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&closed);
    let proxy = proxy(&issuer, move |mut stream| {
        read_head(&mut stream);
        count.fetch_add(1, Ordering::Relaxed);
    });
    run_believing::<T>(&pem, &proxy, test, "new");
    assert_eq!(closed.load(Ordering::Relaxed), 1);
}
