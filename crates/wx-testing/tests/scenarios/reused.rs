//! Reused connections that turn out to be closed: the repeat does not count as a try, and nothing
//! is sent twice.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wx_emulator::{Emulator, Request};
use wx_proto::flow::{Delivery, TransportErrorKind};
use wx_proto::{ImageVariant, MsgId, Outcome};

use super::{
    FetchInto, Transport, client_at, friend, large, listen, network, one_try, read_head, server,
    session, small,
};

/// Waits until the connection is back in its pool, which happens in the background.
pub(super) fn settle() {
    std::thread::sleep(Duration::from_millis(250));
}

fn copies(server: &Emulator, endpoint: &str) -> Vec<Request> {
    server.requests().into_iter().filter(|request| request.endpoint == endpoint).collect()
}

/// Returns a policy with one try each, so that there are no waits.
pub(crate) fn a_closed_reused_connection_costs_no_try<T: Transport>() {
    let expected = if T::KEEPS { [3, 2, 2] } else { [2, 1, 1] };
    for action in ["close-idle", "close-idle=after"] {
        let endpoints = ["webwxuploadmedia", "webwxsendmsgimg", "webwxgetmsgimg"];
        let faults = endpoints.map(|endpoint| format!("{action}@{endpoint}"));
        let server = server(&faults.each_ref().map(String::as_str));
        let client = T::new(session(&server), one_try(), None);
        let to = friend(&server);
        // Uses a new connection.
        client.upload(&to, small()).unwrap();
        settle();
        // More than the server can buffer without reading.
        let image = large()[..400_000].to_vec();
        let uploaded = client.upload(&to, image.clone()).unwrap();
        settle();
        let sent = client.send_uploaded(&to, &uploaded).unwrap();
        settle();
        let mut fetched = Vec::new();
        // Bytes written to a writer cannot be undone for another try.
        client
            .fetch(&sent.msg_id, ImageVariant::Original, FetchInto::Writer(&mut fetched))
            .unwrap();
        assert!(fetched == image, "{action}");

        let messages = server.messages();
        assert!(
            messages.len() == 1 && messages[0].media == image,
            "{action}: one message with the same bytes"
        );
        assert_eq!(messages[0].msg_id, sent.msg_id.as_str(), "{action}");
        assert_eq!(endpoints.map(|endpoint| server.requests_to(endpoint)), expected, "{action}");
        for endpoint in endpoints.into_iter().filter(|_| T::KEEPS) {
            let [.., first, again] = &copies(&server, endpoint)[..] else { panic!("no repeat") };
            assert_eq!(
                (&first.target, &first.headers),
                (&again.target, &again.headers),
                "{action}"
            );
        }
        assert_eq!(server.violations(), [""; 0], "{action}");
    }
}

/// The server has closed several idle connections. The repeat must not use another one of them.
pub(crate) fn the_repeat_is_on_a_new_connection_whatever_else_is_idle<T: Transport + Sync>() {
    let server = server(&["delay=300@webwxgetmsgimg", "close-idle@webwxsendmsgimg"]);
    let client = T::new(session(&server), one_try(), None);
    let (to, id) = (friend(&server), MsgId::new(server.deliver(small())).unwrap());
    let uploaded = client.upload(&to, small()).unwrap();
    let others = [client.clone_client(), client.clone_client(), client.clone_client()];
    std::thread::scope(|scope| {
        for other in &others {
            scope.spawn(|| {
                other.fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut Vec::new())).unwrap()
            });
        }
    });
    settle();
    client.send_uploaded(&to, &uploaded).unwrap();
    assert_eq!(server.messages().len(), 1);
    assert_eq!(server.requests_to("webwxsendmsgimg"), if T::KEEPS { 2 } else { 1 });
}

pub(crate) fn a_reused_connection_that_stalls_is_not_closed<T: Transport>() {
    let server = server(&["delay=900@webwxsendmsgimg"]);
    let client = T::new(session(&server), one_try().with_stall(Duration::from_millis(300)), None);
    let uploaded = client.upload(&friend(&server), small()).unwrap();
    settle();
    let error = client.send_uploaded(&friend(&server), &uploaded).unwrap_err();
    assert_eq!((error.outcome(), server.requests_to("webwxsendmsgimg")), (Outcome::Unknown, 1));
}

/// Counts the connections. Replies to each one first with the image and then with `second`.
fn answers_twice(second: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> (String, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let address = listen(move |mut stream| {
        count.fetch_add(1, Ordering::Relaxed);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", small().len());
        let reply = [head.as_bytes(), &small()].concat();
        read_head(&mut stream);
        stream.write_all(&reply).unwrap();
        read_head(&mut stream);
        stream.write_all(&second(&reply)).unwrap();
    });
    (address, connections)
}

/// A reply that is not an image, or only a part of one, does not count as a closed connection.
pub(crate) fn a_reused_connection_that_answers_is_not_closed<T: Transport>() {
    let id = MsgId::new("1").unwrap();
    let fetch =
        |client: &T| client.fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut Vec::new()));
    let half_an_image: fn(&[u8]) -> Vec<u8> = |reply| reply[..reply.len() - 100].to_vec();
    let no_http: fn(&[u8]) -> Vec<u8> = |_| b"220 mail.example.com ESMTP\r\n\r\n".to_vec();
    let half_a_head: fn(&[u8]) -> Vec<u8> = |reply| reply[..20].to_vec();
    if !T::KEEPS {
        return;
    }
    let repeated = if T::SEES_HALF_A_HEAD { 1 } else { 2 };
    for (second, connections) in [(half_an_image, 1), (no_http, 1), (half_a_head, repeated)] {
        let (address, made) = answers_twice(second);
        let client: T = client_at(&address, one_try());
        fetch(&client).unwrap();
        settle();
        assert_eq!(fetch(&client).is_err(), connections == 1);
        assert_eq!(made.load(Ordering::Relaxed), connections);
    }
}

pub(crate) fn a_new_connection_that_is_closed_costs_a_try<T: Transport>() {
    let (id, made) = (MsgId::new("1").unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&made);
    let address = listen(move |mut stream| {
        count.fetch_add(1, Ordering::Relaxed);
        read_head(&mut stream);
    });
    let client: T = client_at(&address, one_try());
    for connections in 1..=2 {
        let error =
            client.fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut Vec::new())).unwrap_err();
        assert_eq!(network(&error), (TransportErrorKind::Dropped, Delivery::Unknown));
        assert_eq!(made.load(Ordering::Relaxed), connections);
    }
}
