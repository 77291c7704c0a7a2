//! Heads of replies.

use std::time::Duration;

use http::HeaderMap;

use super::requests;
use crate::driver_test::bench::{Bench, Checked, JobRun};
use crate::driver_test::job::{ExchangeEnd, Operation};
use crate::driver_test::report::Finding;
use crate::driver_test::scripted_server::{FLOOD, Step, message, reply};

const PAGE: &[u8] = b"<html>\xb7\xfe\xce\xf1\xc6\xf7</html>";

/// Checks that the driver passed on the body of the first reply and then its end.
pub(super) fn check_body(ran: &JobRun, body: &[u8]) -> Checked {
    let (exchange, (end, _)) = (ran.first()?, ran.first_end()?);
    let expected =
        format!("a body of exactly the {} bytes that were sent, and its end", body.len());
    if exchange.received != body {
        let seen = format!("{} bytes, or other ones", exchange.received.len());
        return Err(Finding::new(expected, seen));
    }
    if end != ExchangeEnd::End {
        return Err(Finding::new(expected, format!("the bytes, and then {end}")));
    }
    Ok(())
}

/// Checks that the head of the first reply has these values of a header, in this order.
fn check_header(ran: &JobRun, name: &str, values: &[&str]) -> Checked {
    let none = HeaderMap::new();
    let headers = ran.first()?.head.as_ref().map_or(&none, |(_, headers)| headers);
    let seen: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    if seen == values {
        return Ok(());
    }
    Err(Finding::new(format!("a head with {name} {values:?}"), format!("{name} {seen:?}")))
}

pub(super) fn every_status_is_a_head(bench: &Bench<'_>) -> Checked {
    let empty = [204, 304];
    let statuses = [
        203, 204, 206, 300, 302, 304, 307, 400, 401, 403, 404, 407, 408, 413, 421, 429, 500, 502,
        503, 511,
    ];
    for status in statuses {
        let head = format!("{status} Status");
        let head = match status {
            401 => head + "\r\nWWW-Authenticate: Basic realm=\"a\"",
            407 => head + "\r\nProxy-Authenticate: Basic realm=\"a\"",
            503 => head + "\r\nRetry-After: 0",
            _ => head,
        };
        let head = head + "\r\nContent-Type: text/html; charset=gbk";
        let (script, body) = if empty.contains(&status) {
            (vec![Step::Write(format!("HTTP/1.1 {head}\r\n\r\n").into())], &b""[..])
        } else {
            (reply(&head, PAGE), PAGE)
        };
        let operations = [Operation::ListContacts, Operation::SendMessage { checkpointed: false }];
        for operation in operations {
            let ran = bench.run(operation, vec![script.clone()], |job| {
                job.io.image = requests::image(100);
            })?;
            ran.check_status(status)
                .and_then(|()| ran.check_count())
                .and_then(|()| check_body(&ran, body))
                .map_err(|finding| finding.with_case(&format!("status {status}")))?;
        }
    }
    Ok(())
}

pub(super) fn informational_replies_are_skipped(bench: &Bench<'_>) -> Checked {
    let informational = [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nSet-Cookie: early=1\r\n\r\n",
    ];
    let cases = [
        (informational[0].to_owned(), "100"),
        (informational[2].to_owned(), "103"),
        (informational.concat(), "100, 102 and 103"),
    ];
    for (before, case) in cases {
        for pause in [Duration::ZERO, Duration::from_millis(20)] {
            let script = vec![
                Step::Write(before.clone().into()),
                Step::Pause(pause),
                Step::Write(message("403 Forbidden\r\nX-Final: yes", PAGE)),
            ];
            let ran = bench.run(Operation::ListContacts, vec![script], |_| ())?;
            ran.check_status(403)
                .and_then(|()| check_header(&ran, "x-final", &["yes"]))
                .and_then(|()| check_header(&ran, "link", &[]))
                .and_then(|()| check_body(&ran, PAGE))
                .map_err(|finding| finding.with_case(case))?;
        }
    }
    Ok(())
}

/// A head in several packets that end within names, values and line ends.
pub(super) fn heads_arrive_completely(bench: &Bench<'_>) -> Checked {
    let head = "403 Forbidden\r\nSet-Cookie: a=1; Path=/\r\nx-lower: 1\r\nX-Blank:   two  words  \
     \r\n\
                Set-Cookie: b=\"2, 3\"\r\nX-Empty:\r\nX-Long: ";
    let long = "l".repeat(5000);
    let bytes = message(&format!("{head}{long}"), PAGE);
    let end = bytes.len() - PAGE.len();
    for step in [bytes.len(), end / 2, 37] {
        let mut script = Vec::new();
        // Only the first part is sent in small packets, to save time.
        let (first, rest) = bytes.split_at(step * 8 % bytes.len());
        for piece in first.chunks(step).chain([rest]) {
            script.extend([Step::Write(piece.to_vec()), Step::Pause(Duration::from_millis(5))]);
        }
        let ran = bench.run(Operation::ListContacts, vec![script], |_| ())?;
        ran.check_status(403)
            .and_then(|()| check_header(&ran, "set-cookie", &["a=1; Path=/", "b=\"2, 3\""]))
            .and_then(|()| check_header(&ran, "x-lower", &["1"]))
            .and_then(|()| check_header(&ran, "x-blank", &["two  words"]))
            .and_then(|()| check_header(&ran, "x-empty", &[""]))
            .and_then(|()| check_header(&ran, "x-long", &[&long]))
            .and_then(|()| check_body(&ran, PAGE))
            .map_err(|finding| finding.with_case("a head in several packets"))?;
    }
    Ok(())
}

pub(super) fn heads_are_bounded(bench: &Bench<'_>) -> Checked {
    let (start, much) = (b"HTTP/1.1 200 OK\r\n".to_vec(), 64 * 1024);
    let cases = [
        ("one endless header", ([&start[..], b"X: "].concat(), vec![b'x'; much])),
        ("endless headers", (start, b"X: y\r\n".repeat(much / 6))),
    ];
    bench.each_at_once(&cases, |(start, piece)| {
        let script = vec![Step::Write(start.clone()), Step::Repeat(piece.clone(), Duration::ZERO)];
        let ran = bench.run(Operation::ListContacts, vec![script], |_| ())?;
        let (end, _) = ran.first_end()?;
        let read = ran.server.log().flooded;
        if read >= FLOOD || !matches!(end, ExchangeEnd::Failed { .. }) {
            let expected = "a failure, soon after the head has become larger than it may be";
            return Err(Finding::new(expected, format!("{end}, after {read} bytes")));
        }
        Ok(())
    })
}
