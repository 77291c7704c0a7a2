//! Requests that are sent.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::driver_test::bench::{Bench, Checked, JobRun, check_unchanged, count};
use crate::driver_test::job::{ExchangeEnd, Operation};
use crate::driver_test::report::Finding;
use crate::driver_test::scripted_server::{Script, Step, reply};
use crate::model::replies::base_response;

const SEND: Operation = Operation::SendMessage { checkpointed: false };

/// The length of a chunk of an upload.
const CHUNK: usize = 512 * 1024;

/// Returns a file of this length that starts like a JPEG image and contains all byte values.
pub(super) fn image(len: usize) -> Bytes {
    let noise = (0..len).map(|at| (at % 251) as u8 ^ (at / 251) as u8);
    b"\xff\xd8\xff\xfe\0\x02\xff\xfe\0\x02".iter().copied().chain(noise).take(len).collect()
}

/// Returns the reply to a chunk of an upload.
pub(super) fn uploaded() -> Vec<Step> {
    reply_json(&json!({
        "BaseResponse": base_response(0), "MediaId": "@crypt_driver_test", "StartPos": 0,
        "CDNThumbImgHeight": 0, "CDNThumbImgWidth": 0, "EncryFileName": "a%2Ejpg",
    }))
}

/// Returns the reply to a message.
pub(super) fn sent() -> Vec<Step> {
    reply_json(&json!({ "BaseResponse": base_response(0), "MsgID": "1", "LocalID": "1" }))
}

pub(super) fn reply_json(value: &Value) -> Vec<Step> {
    reply("200 OK\r\nContent-Type: text/plain", value.to_string())
}

/// Checks that all requests arrived unchanged.
fn check_all_unchanged(ran: &JobRun) -> Checked {
    ran.check_count()?;
    let log = ran.server.log();
    let mut pairs = ran.job.record.exchanges.iter().zip(&log.requests);
    pairs.try_for_each(|(sent, received)| check_unchanged(sent, received))
}

/// Checks that the flow has succeeded.
pub(super) fn check_success(ran: &JobRun) -> Checked {
    let seen = match &ran.job.record.result {
        Some(Ok(())) => return Ok(()),
        Some(Err(error)) => format!("the flow failed: {error}"),
        None => "the driver returned before that".to_owned(),
    };
    Err(Finding::new("the flow succeeds", seen))
}

pub(super) fn requests_leave_unchanged(bench: &Bench<'_>) -> Checked {
    let contacts = json!({ "BaseResponse": base_response(0), "MemberList": [] });
    let list = bench.run(Operation::ListContacts, vec![reply_json(&contacts)], |_| ())?;
    check_all_unchanged(&list)?;
    check_success(&list)?;
    for len in [1000, CHUNK + 1000] {
        let mut script = vec![uploaded(); len.div_ceil(CHUNK)];
        script.push(sent());
        let ran = bench.run(SEND, script, |job| job.io.image = image(len))?;
        check_all_unchanged(&ran)?;
        check_success(&ran)?;
    }
    Ok(())
}

/// Connections that are closed instead of a reply: new ones, and reused ones, on which HTTP clients
/// tend to retry by themselves.
pub(super) fn requests_are_sent_once(bench: &Bench<'_>) -> Checked {
    let close = vec![Step::Close];
    for (script, case) in [
        (vec![close.clone()], "a new connection is closed"),
        (vec![uploaded(), close.clone()], "a connection in use is closed"),
        (vec![uploaded(), reply("408 Request Timeout", "")], "status 408"),
        (vec![uploaded(), reply("503 Unavailable\r\nRetry-After: 0", "")], "status 503"),
    ] {
        let ran = bench.run(SEND, script, |job| job.io.image = image(1000))?;
        ran.check_count().map_err(|finding| finding.with_case(case))?;
    }
    Ok(())
}

/// The connection of the upload is closed when the message is sent on it.
pub(super) fn closed_connections_are_reported(bench: &Bench<'_>) -> Checked {
    let script = vec![uploaded(), vec![Step::Close], sent()];
    let ran = bench.run(SEND, script, |job| job.io.image = image(1000))?;
    let received = ran.server.log().requests.len();
    let exchanges = &ran.job.record.exchanges;
    for (answer, _) in exchanges.iter().take(received).filter_map(|exchange| exchange.end) {
        if let ExchangeEnd::Failed { never_delivered: true, .. } = answer {
            let expected = "a failure that leaves open whether the request was delivered";
            return Err(Finding::new(expected, format!("{answer}, of a request that arrived")));
        }
    }
    // Otherwise, the driver has not reported that the connection was reused. It does not have to.
    if exchanges.iter().any(|exchange| exchange.new_connection) {
        check_success(&ran).map_err(|finding| {
            Finding::new("the repeat of the request arrives, on a new connection", finding.actual)
        })?;
    }
    Ok(())
}

/// A rejected reply sets a cookie, and the request is retried.
pub(super) fn cookies_are_not_kept(bench: &Bench<'_>) -> Checked {
    let set = "503 Unavailable\r\nSet-Cookie: new=driver_test; Path=/\r\nSet-Cookie: \
     wxsid=driver_test; Path=/";
    let script: Script = vec![reply(set, ""); 3];
    let ran = bench.run(Operation::FetchImage, script, |job| job.tries = 3)?;
    let log = ran.server.log();
    let expected = "the one Cookie header of each request, unchanged";
    if log.requests.len() != 3 {
        let seen = format!("the server received {}", count(log.requests.len(), "request"));
        return Err(Finding::new("one request for each of three tries", seen));
    }
    for (at, (sent, received)) in ran.job.record.exchanges.iter().zip(&log.requests).enumerate() {
        if received.values("cookie").any(is_kept) {
            let seen = format!("request {} has a cookie that a refused reply has set", at + 1);
            return Err(Finding::new(expected, seen));
        }
        check_unchanged(sent, received)
            .map_err(|finding| Finding::new(expected, finding.actual).with_case("a retry"))?;
    }
    Ok(())
}

fn is_kept(cookies: &[u8]) -> bool {
    String::from_utf8_lossy(cookies).contains("=driver_test")
}
