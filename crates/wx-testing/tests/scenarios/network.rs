//! Failures of the network.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use wx_proto::flow::{Delivery, ProxyProblem, TransportErrorKind};
use wx_proto::{
    Error, ErrorKind, ImageVariant, MsgId, Outcome, Policy, Recipient, ReplyError, Session,
};

use super::{
    FetchInto, Transport, UNREACHABLE, client, client_at, friend, json_at, large, official, policy,
    quiet, server, session, settle, small,
};

/// The reply takes longer than the stall limit in total, but bytes never stop for that long.
pub(crate) fn a_slow_reply_is_not_a_stall<T: Transport>() {
    let server = server(&["trickle=1@webwxsendmsgimg"]);
    let client = T::new(session(&server), policy().with_stall(Duration::from_millis(200)), None);
    let began = Instant::now();
    client.send(&friend(&server), small(), quiet).unwrap();
    assert!(began.elapsed() > Duration::from_millis(300), "the answer was not slow");
    assert_eq!(server.requests_to("webwxsendmsgimg"), 1);
}

/// Calls `serve` with each connection in turn. The thread ends with the process.
pub(super) fn listen(serve: impl Fn(TcpStream) + Send + 'static) -> String {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    // A small window and small segments, so that a chunk does not fit into buffers before it is
    // read.
    socket.set_recv_buffer_size(4096).unwrap();
    #[cfg(unix)]
    socket.set_tcp_mss(536).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(16).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().for_each(|stream| serve(stream.unwrap())));
    address
}

pub(super) fn one_try() -> Policy {
    let mut policy = policy();
    (policy.chunk_tries, policy.message_tries, policy.fetch_tries) = (1, 1, 1);
    policy
}

pub(super) fn network(error: &Error) -> (TransportErrorKind, Delivery) {
    match error.kind {
        ErrorKind::Network { error, .. } => (error.kind, error.delivery),
        _ => panic!("{error:?}"),
    }
}

pub(crate) fn a_server_that_does_not_read_stalls<T: Transport>() {
    let address = listen(|stream| {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(30));
            drop(stream);
        });
    });
    let client: T = client_at(&address, one_try().with_stall(Duration::from_millis(200)));
    let began = Instant::now();
    let error = client.upload(&Recipient::file_helper(), large()).unwrap_err();
    assert_eq!(network(&error), (TransportErrorKind::Stalled, Delivery::Unknown));
    assert!(began.elapsed() < Duration::from_secs(3));
}

pub(crate) fn an_answer_that_stops_halfway_stalls<T: Transport>() {
    let address = listen(|mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789").unwrap();
        std::thread::sleep(Duration::from_secs(3));
    });
    let client: T = client_at(&address, one_try().with_stall(Duration::from_millis(200)));
    let (id, began) = (MsgId::new("1").unwrap(), Instant::now());
    let error =
        client.fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut Vec::new())).unwrap_err();
    assert_eq!(network(&error), (TransportErrorKind::Stalled, Delivery::Unknown));
    assert!(began.elapsed() < Duration::from_secs(2));
}

/// The server replies and closes the connection while most of the body has not been sent.
pub(crate) fn an_early_refusal_is_read<T: Transport>() {
    let address = listen(|mut stream| {
        stream.read_exact(&mut [0; 100]).unwrap();
        stream
            .write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        // Closing a connection with unread bytes resets it, so the reply has to arrive before that.
        std::thread::sleep(Duration::from_millis(50));
    });
    let client: T = client_at(&address, one_try());
    let error = client.upload(&Recipient::file_helper(), large()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Reply(ReplyError::Status(413)));
}

pub(crate) fn no_server_listens<T: Transport>() {
    let server = server(&[]);
    let to = friend(&server);
    let uploaded = client::<T>(&server).upload(&to, small()).unwrap();
    // The port is reserved, but no server listens on it.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap().to_string();
    let error = client_at::<T>(&address, policy()).send_uploaded(&to, &uploaded).unwrap_err();
    assert_eq!(network(&error), (TransportErrorKind::Connect, Delivery::Never));
    assert_eq!(error.outcome(), Outcome::NotSent);
}

/// A listener with a full queue neither accepts nor refuses connections, at least on Linux.
pub(crate) fn no_connection_in_time<T: Transport>() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok();
    let queue: Vec<_> = std::iter::from_fn(connect).take(5000).collect();
    if !cfg!(target_os = "linux") || queue.len() == 5000 {
        return;
    }
    let short_stall = || one_try().with_stall(Duration::from_millis(200));
    let server = client_at::<T>(&address.to_string(), short_stall());
    let proxied = T::new(official(), short_stall(), Some(&format!("http://{address}")));
    for (client, kind) in [
        (server, TransportErrorKind::Connect),
        (proxied, TransportErrorKind::Proxy(ProxyProblem::Stalled)),
    ] {
        let upload = client.upload(&Recipient::file_helper(), small()).map(drop);
        // A request without a body.
        let list = client.contacts().map(drop);
        for error in [upload.unwrap_err(), list.unwrap_err()] {
            assert_eq!(network(&error), (kind, Delivery::Never));
        }
    }
}

pub(crate) fn no_http<T: Transport>() {
    let address = listen(|mut stream| {
        stream.read_exact(&mut [0; 100]).unwrap();
        stream.write_all(b"220 mail.example.com ESMTP\r\n\r\n").unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or_default();
    });
    let client: T = client_at(&address, one_try());
    let error = client.upload(&Recipient::file_helper(), small()).unwrap_err();
    assert_eq!(network(&error), (TransportErrorKind::Protocol, Delivery::Unknown));
}

/// Only the session's cookies are sent, and only once, whatever cookies a reply sets.
pub(crate) fn cookies_of_answers_are_not_kept<T: Transport>() {
    let (heads, seen) = mpsc::channel();
    let address = listen(move |mut stream| {
        heads.send(read_head(&mut stream)).unwrap();
        let answer = "HTTP/1.1 403 Forbidden\r\nset-cookie: extra=1; path=/\r\ncontent-length: \
         0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or_default();
    });
    let id = MsgId::new("1").unwrap();
    for cookies in [1, 0] {
        let mut json: serde_json::Value = serde_json::from_str(&json_at(&address)).unwrap();
        if cookies == 0 {
            json["cookies"] = serde_json::json!([]);
        }
        let client = T::new(
            Session::from_json_allow_loopback(json.to_string()).unwrap(),
            one_try(),
            Some(UNREACHABLE),
        );
        for _ in 0..3 {
            client.fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut Vec::new())).unwrap_err();
            let head = seen.recv().unwrap().to_ascii_lowercase();
            assert_eq!(head.matches("\r\ncookie:").count(), cookies, "{head}");
            assert!(!head.contains("extra=1"), "{head}");
        }
    }
}

pub(super) fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

/// HTTP clients tend to repeat requests on reused connections. There, only the core repeats the
/// message, and only once.
pub(crate) fn a_message_is_never_sent_twice_by_the_client<T: Transport>() {
    for fault in
        ["drop=before@webwxsendmsgimg", "drop=after@webwxsendmsgimg", "drop=10@webwxsendmsgimg"]
    {
        for (connection, requests) in [
            ("close@webwxuploadmedia", 1),
            ("delay=0@webwxuploadmedia", if T::KEEPS { 2 } else { 1 }),
        ] {
            let server = server(&[connection, fault]);
            let client = T::new(session(&server), one_try(), None);
            let uploaded = client.upload(&friend(&server), small()).unwrap();
            settle();
            let error = client.send_uploaded(&friend(&server), &uploaded).unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{fault}");
            assert_eq!(server.requests_to("webwxsendmsgimg"), requests, "{connection}, {fault}");
        }
    }
}

pub(crate) fn loopback_needs_no_proxy<T: Transport>() {
    let server = server(&[]);
    let client = T::new(session(&server), policy(), Some(UNREACHABLE));
    client.send(&friend(&server), small(), quiet).unwrap();
}

/// A process cannot change its environment safely, so the test runs again in a child process.
pub(crate) fn proxy_of_the_environment<T: Transport>() {
    const PROXIES: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    if std::env::var_os("WX_TEST_CHILD").is_some() {
        let server = server(&[]);
        let client: T = client(&server);
        client.send(&friend(&server), small(), quiet).unwrap();
        return;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", &format!("{}::proxy_of_the_environment", T::TESTS)])
        .env("WX_TEST_CHILD", "1")
        .env_remove("NO_PROXY");
    child.envs(PROXIES.map(|name| (name, UNREACHABLE)));
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
