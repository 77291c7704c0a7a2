//! The test bed itself: the targets of its proxy, and the requests that it refuses.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use wx_testing::TestBed;
use wx_testing::wx_emulator::Emulator;

fn bed() -> TestBed {
    TestBed::start(Emulator::builder()).unwrap()
}

/// Returns the proxy's reply to a request.
fn connect(bed: &TestBed, request: &str) -> (TcpStream, String) {
    let proxy = bed.proxy();
    let mut stream = TcpStream::connect(proxy.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(format!("{request} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    (stream, String::from_utf8(head).unwrap())
}

/// Returns the server's reply to a request under a host name, and its certificates.
fn get(bed: &TestBed, name: &'static str) -> (String, Vec<CertificateDer<'static>>) {
    let (stream, head) = connect(bed, &format!("CONNECT {name}:443"));
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(bed.authority_file()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name_of = ServerName::try_from(name).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name_of).unwrap();
    let mut tls = StreamOwned::new(connection, stream);
    let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    tls.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A connection that ends without a close_notify is accepted, too.
    let _ = tls.read_to_end(&mut answer);
    let chain = tls.conn.peer_certificates().unwrap().to_vec();
    (String::from_utf8(answer).unwrap(), chain)
}

#[test]
fn every_name_leads_to_the_emulator() {
    let bed = bed();
    let certificates =
        ["wx.qq.com", "file.web2.wechat.com", "szfilehelper.weixin.qq.com"].map(|name| {
            let (answer, chain) = get(&bed, name);
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{name}: {answer}");
            assert_eq!(bed.emulator().requests().last().unwrap().header("host"), Some(name));
            chain[0].clone()
        });
    assert_ne!(certificates[0], certificates[1], "each name has a separate certificate");
    let (_, chain) = get(&bed, "wx.qq.com");
    assert_eq!(chain[0], certificates[0], "it is issued once");
    assert_eq!(bed.hosts(), ["file.web2.wechat.com", "szfilehelper.weixin.qq.com", "wx.qq.com"]);
    assert_eq!(bed.refused(), [""; 0]);
}

#[test]
fn nothing_but_a_tunnel_to_the_port_of_https_is_given() {
    let bed = bed();
    for (request, refused) in [
        ("GET http://wx.qq.com/x?skey=secret", "GET http://wx.qq.com"),
        ("CONNECT wx.qq.com:80", "CONNECT wx.qq.com:80"),
    ] {
        let (_, head) = connect(&bed, request);
        assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
        assert!(bed.refused().contains(&refused.to_owned()), "{:?}", bed.refused());
    }
    assert_eq!(bed.refused().len(), 2);
    assert_eq!(bed.emulator().requests().len(), 0);
}

#[test]
fn a_bed_ends_when_it_is_dropped() {
    let bed = bed();
    let (proxy, authority) = (bed.proxy(), bed.authority_file());
    assert!(authority.exists());
    drop(bed);
    assert!(!authority.exists());
    // The listener is closed a moment later, together with the runtime.
    let address = proxy.strip_prefix("http://").unwrap().to_owned();
    let is_closed = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        TcpStream::connect(&address).is_err()
    });
    assert!(is_closed, "a server still listens");
}
