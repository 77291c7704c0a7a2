//! Slow replies and replies without an end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use wx_emulator::Emulator;
use wx_proto::flow::{Delivery, TransportErrorKind};
use wx_proto::{ErrorKind, ImageVariant, Policy, Recipient, ReplyError};

use super::{
    FetchInto, Transport, client, client_at, friend, large, listen, network, one_try, place,
    policy, quiet, read_head, server, session, small,
};

const STEP: Duration = Duration::from_millis(5);

/// The time after which the minimum rate applies.
const RATE_APPLIES_AFTER: Duration = Duration::from_millis(300);

/// Returns a policy whose stall limit is never reached.
fn without_stall_limit() -> Policy {
    let mut policy = one_try().with_stall(Duration::from_secs(60));
    policy.slow_after = RATE_APPLIES_AFTER;
    policy
}

/// Replies with `start`, followed by `piece` again and again. Stops after some seconds, so that a
/// client without limits fails instead of waiting forever.
fn endless(start: &'static str, piece: &'static str) -> String {
    listen(move |mut stream| {
        read_head(&mut stream);
        let mut go_on = stream.write_all(start.as_bytes()).is_ok();
        for _ in 0..1000 {
            sleep(STEP);
            go_on = go_on && stream.write_all(piece.as_bytes()).is_ok();
            if !go_on {
                break;
            }
        }
    })
}

pub(crate) fn no_answer_is_endless<T: Transport>() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    const EXTENDED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;";
    const WITH_TRAILERS: &str =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n";
    let answers = [
        ("HTTP/1.1 200 O", "K"),
        ("HTTP/1.1 200 OK\r\nx: ", "x"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("", "HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", "x"),
        (CHUNKED, "1\r\nx\r\n"),
        (CHUNKED, "1;y=z\r\nx\r\n"),
        (EXTENDED, "y"),
        (WITH_TRAILERS, "x"),
        (WITH_TRAILERS, "x: y\r\n"),
    ];
    std::thread::scope(|scope| {
        for (start, piece) in answers {
            scope.spawn(move || {
                let client: T = client_at(&endless(start, piece), without_stall_limit());
                let error = network(&client.contacts().unwrap_err());
                assert_eq!(
                    error,
                    (TransportErrorKind::Stalled, Delivery::Unknown),
                    "{start:?}, {piece:?}"
                );
            });
        }
    });
}

/// Both clients reject chunks that no real server sends, and do so before the time limit.
pub(crate) fn malformed_chunks_are_no_http<T: Transport>() {
    for tail in [
        format!("1;{}\r\nx\r\n", "y".repeat(100_000)),
        "x\r\n".to_owned(),
        "1\r\nxyz\r\n".to_owned(),
    ] {
        let address = listen(move |mut stream| {
            read_head(&mut stream);
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(format!("{head}{tail}").as_bytes()).unwrap_or_default();
            std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or_default();
        });
        let error = client_at::<T>(&address, one_try()).contacts().unwrap_err();
        assert_eq!(network(&error), (TransportErrorKind::Protocol, Delivery::Unknown));
    }
}

/// Reads `step` bytes of a request per millisecond, and refuses the request at its end.
fn slow_reader(step: usize) -> String {
    listen(move |mut stream| {
        let head = read_head(&mut stream).to_ascii_lowercase();
        let len = head.split("content-length: ").nth(1).unwrap();
        let mut left: usize = len.split("\r\n").next().unwrap().parse().unwrap();
        while left > 0 {
            sleep(Duration::from_millis(1));
            match stream.read(&mut vec![0; step.min(left)]) {
                Ok(len) if len > 0 => left -= len,
                _ => return,
            }
        }
        refuse(stream);
    })
}

fn refuse(mut stream: TcpStream) {
    let answer = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer).unwrap_or_default();
}

pub(crate) fn a_request_that_is_read_too_slowly_stalls<T: Transport>() {
    let to = Recipient::file_helper();
    let upload = |step, policy| {
        let client: T = client_at(&slow_reader(step), policy);
        client.upload(&to, large()).unwrap_err()
    };
    let mut strict = without_stall_limit();
    strict.min_rate = 8 * 1024 * 1024;
    assert_eq!(network(&upload(256, strict)), (TransportErrorKind::Stalled, Delivery::Unknown));

    // The request takes longer than the time after which the rate applies, but is faster than the
    // minimum rate.
    let mut fair = without_stall_limit();
    fair.slow_after = 3 * RATE_APPLIES_AFTER;
    assert_eq!(upload(400, fair).kind, ErrorKind::Reply(ReplyError::Status(413)));
}

pub(crate) fn a_slow_answer_stalls_only_below_the_rate<T: Transport>() {
    let server = server(&["trickle=3@webwxgetmsgimg"]);
    let id = client::<T>(&server).send(&friend(&server), small(), quiet).unwrap().msg_id;
    let fetch = |min_rate| {
        let mut policy = without_stall_limit();
        // Leaves enough time to connect.
        (policy.slow_after, policy.min_rate) = (3 * RATE_APPLIES_AFTER, min_rate);
        let mut bytes = Vec::new();
        let client = T::new(session(&server), policy, None);
        client.fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut bytes)).map(|_| bytes)
    };
    let error = fetch(100_000).unwrap_err();
    assert_eq!(network(&error), (TransportErrorKind::Stalled, Delivery::Unknown));
    let began = Instant::now();
    assert_eq!(fetch(1).unwrap(), small());
    assert!(began.elapsed() > 3 * RATE_APPLIES_AFTER, "the answer was not slow");
}

/// The synccheck takes longer than on any real server, but its reply arrives before the stall
/// limit.
pub(crate) fn a_long_poll_is_given_up_in_time<T: Transport>() {
    let builder = Emulator::builder().image(small());
    let server = place::start(builder.fault("delay=1500@synccheck#1".parse().unwrap()));
    let mut policy = policy();
    policy.poll_stall = Duration::from_secs(10);
    policy.poll_limit = RATE_APPLIES_AFTER;
    policy.longest_back_off = Duration::from_millis(20);
    T::new(session(&server), policy, None).batches(1).pop().unwrap().unwrap();
    assert!(server.requests_to("synccheck") > 1, "the client waited for the first reply");
}

/// Refuses a request with this number of headers, which have `bytes` bytes in total. Blank lines
/// before the status line and spaces after the last value do not count.
fn head([before, after]: [usize; 2], headers: usize, bytes: usize) -> String {
    listen(move |mut stream| {
        read_head(&mut stream);
        let mut lines = vec!["content-length: 0".to_owned(), "connection: close".to_owned()];
        lines.extend((3..headers).map(|number| format!("x-{number}: y")));
        // Each line ends with two bytes, and has two bytes between the name and the value.
        let filled: usize = lines.iter().map(|line| line.len() + 2).sum();
        let fill = bytes.saturating_sub(filled + "z".len() + 4);
        lines.push(format!("z: {}{}", "z".repeat(fill), " ".repeat(after)));
        let before = "\r\n".repeat(before / 2);
        let answer = format!("{before}HTTP/1.1 403 Forbidden\r\n{}\r\n\r\n", lines.join("\r\n"));
        stream.write_all(answer.as_bytes()).unwrap_or_default();
        // Closing a connection with unread bytes resets it.
        stream.shutdown(std::net::Shutdown::Write).unwrap_or_default();
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or_default();
    })
}

pub(crate) fn heads_have_a_limit<T: Transport>() {
    const NONE: [usize; 2] = [0, 0];
    for (blanks, headers, bytes, good) in [
        (NONE, 100, 0, true),
        (NONE, 101, 0, false),
        (NONE, 128, 0, false),
        (NONE, 1000, 0, false),
        (NONE, 10, 32 * 1024, true),
        (NONE, 10, 32 * 1024 + 1, false),
        (NONE, 100, 32 * 1024, true),
        (NONE, 10, 64 * 1024, false),
        (NONE, 10, 1024 * 1024, false),
        // ureq reads up to 4 KiB of blank lines, and hyper more.
        ([3 * 1024, 0], 10, 32 * 1024, true),
        ([0, 3 * 1024], 10, 32 * 1024, true),
        ([1024 * 1024, 0], 10, 0, false),
        ([0, 1024 * 1024], 10, 0, false),
    ] {
        let client: T = client_at(&head(blanks, headers, bytes), one_try());
        let kind = client.contacts().unwrap_err().kind;
        let expected = ErrorKind::Reply(ReplyError::Status(403));
        match kind {
            ErrorKind::Network { error, .. } if !good => {
                assert_eq!(
                    (error.kind, error.delivery),
                    (TransportErrorKind::Protocol, Delivery::Unknown)
                );
            }
            kind => {
                assert_eq!(
                    (kind, good),
                    (expected, true),
                    "{headers} headers, {bytes} bytes, {blanks:?}"
                )
            }
        }
    }
}
