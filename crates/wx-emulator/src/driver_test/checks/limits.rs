//! Time limits.

use std::time::Duration;

use serde_json::json;

use super::heads::check_body;
use super::requests::{image, reply_json};
use crate::driver_test::bench::{Bench, Checked, SLACK};
use crate::driver_test::job::{ExchangeEnd, Operation, Stop};
use crate::driver_test::report::Finding;
use crate::driver_test::scripted_server::{Step, message};
use crate::model::replies::base_response;

/// The limit under test. All others are much longer.
const LIMIT: Duration = Duration::from_millis(300);
const OFTEN: Duration = Duration::from_millis(10);

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Checks that an exchange was given up soon after the limit, and not before it.
fn check_given_up((end, elapsed): (ExchangeEnd, Duration)) -> Checked {
    let is_stalled = end == ExchangeEnd::Failed { kind: "stalled", never_delivered: false };
    if is_stalled && (LIMIT..LIMIT + SLACK).contains(&elapsed) {
        return Ok(());
    }
    let expected = format!("a failure of kind stalled, {} ms after the request", LIMIT.as_millis());
    Err(Finding::new(expected, format!("{end}, after {} ms", elapsed.as_millis())))
}

pub(super) fn a_stall_ends_the_exchange(bench: &Bench<'_>) -> Checked {
    let cases = [
        ("no reply", ""),
        ("only an informational reply", "HTTP/1.1 103 Early Hints\r\n\r\n"),
        ("half a head", "HTTP/1.1 200 OK\r\nContent-Le"),
        ("half a body", HEAD),
        ("half a chunk", &format!("{CHUNKED}64\r\nx")),
        ("no last chunk", &format!("{CHUNKED}1\r\nx\r\n")),
    ];
    bench.each_at_once(&cases, |start| {
        let script = vec![Step::Write(start.as_bytes().to_vec()), Step::Hold];
        let ran = bench.run(Operation::ListContacts, vec![script], |job| job.stall = LIMIT)?;
        check_given_up(ran.first_end()?)
    })
}

/// Bodies that take longer than the stall limit in total. A driver may count a head as one byte.
pub(super) fn a_slow_reply_is_not_a_stall(bench: &Bench<'_>) -> Checked {
    let body = &image(4000)[..];
    let bytes = &message("200 OK", body);
    let head = bytes.len() - body.len();
    let pause = Duration::from_millis(100);
    let mut slowly = vec![Step::Write(bytes[..head].to_vec())];
    for piece in bytes[head..].chunks(400) {
        slowly.extend([Step::Pause(pause), Step::Write(piece.to_vec())]);
    }
    // Much longer than the delays of a busy computer.
    let cases = [
        ("a slow body", (7 * pause, Duration::from_secs(10))),
        ("a body above the minimum rate", (Duration::from_secs(10), 7 * pause)),
    ];
    bench.each_at_once(&cases, |(stall, slow_after)| {
        let ran = bench.run(Operation::ListContacts, vec![slowly.clone()], |job| {
            (job.stall, job.slow_after, job.min_rate) = (*stall, *slow_after, 100);
        })?;
        check_body(&ran, body)
    })
}

pub(super) fn a_trickle_ends_the_exchange(bench: &Bench<'_>) -> Checked {
    let cases = [
        ("a status line", ("HTTP/1.1 200 O", "K")),
        ("a header", ("HTTP/1.1 200 OK\r\nX: ", "x")),
        ("100 Continue", ("", "HTTP/1.1 100 Continue\r\n\r\n")),
        ("103 Early Hints", ("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")),
        ("a body", (HEAD, "x")),
        ("a body without a length", ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "x")),
        ("chunks", (CHUNKED, "1\r\nx\r\n")),
        ("chunks with extensions", (CHUNKED, "1;y=z\r\nx\r\n")),
        ("an extension", (&*format!("{CHUNKED}1;"), "y")),
        ("a trailer", (&*format!("{CHUNKED}1\r\nx\r\n0\r\nX: "), "x")),
        ("trailers", (&*format!("{CHUNKED}1\r\nx\r\n0\r\n"), "X: y\r\n")),
    ];
    bench.each_at_once(&cases, |(start, piece)| {
        let repeat = Step::Repeat(piece.as_bytes().to_vec(), OFTEN);
        let script = vec![Step::Write(start.as_bytes().to_vec()), repeat];
        let ran = bench.run(Operation::ListContacts, vec![script], |job| job.slow_after = LIMIT)?;
        check_given_up(ran.first_end()?)
    })
}

/// The limit applies however many bytes arrive. The first call after a start is not a long poll,
/// because it fetches the messages that are already there.
pub(super) fn long_polls_have_a_time_limit(bench: &Bench<'_>) -> Checked {
    let sync_key = json!({ "Count": 1, "List": [{ "Key": 1, "Val": 2 }] });
    let no_messages = json!({
        "BaseResponse": base_response(0), "AddMsgCount": 0, "AddMsgList": [], "ContinueFlag": 0,
        "SyncKey": sync_key, "SyncCheckKey": sync_key, "SKey": "",
    });
    let cases = [("no reply", Step::Hold), ("a long body", Step::Repeat(vec![b' '; 1000], OFTEN))];
    bench.each_at_once(&cases, |step| {
        let start = match step {
            Step::Hold => Vec::new(),
            _ => HEAD.as_bytes().to_vec(),
        };
        let script = vec![reply_json(&no_messages), vec![Step::Write(start), step.clone()]];
        let ran = bench.run(Operation::NextMessages, script, |job| {
            (job.poll_limit, job.record.stop) = (LIMIT, Some(Stop::After(2)));
        })?;
        check_given_up(ran.end(1)?)
    })
}
