//! The request limits, which come from the policy, and the limits for heads.

use std::time::Duration;

use wx_proto::flow::{Delivery, FetchImage, ListContacts, NextMessages, TransportErrorKind};
use wx_proto::{Error, ErrorKind, ImageVariant, Limits, MsgId, Policy, ReplyError};

use super::messages::continued;
use wx_testing::harness::*;

const S: Duration = Duration::from_secs(1);

/// Returns the limits of the first request of a fetch.
fn limits(policy: Policy) -> Limits {
    let mut harness = Harness::new("", [status(404)]);
    harness.run(&mut fetch(policy)).unwrap_err();
    harness.seen[0].request.limits()
}

fn fetch(policy: Policy) -> FetchImage {
    let id = MsgId::new("1").unwrap();
    FetchImage::new(&session(), id, ImageVariant::Original, true, SEED, policy).unwrap()
}

#[test]
fn body_bytes_give_time_at_the_least_rate() {
    let mut limits = limits(Policy::default());
    for (body_bytes, seconds) in
        [(0, 60), (1, 60), (60 * 1024, 60), (61 * 1024, 61), (512 * 1024, 512)]
    {
        assert_eq!(limits.give_up_after(body_bytes), seconds * S, "{body_bytes}");
    }
    assert_eq!(limits.give_up_after(u64::MAX), Duration::MAX, "no overflow");
    limits.total = Some(100 * S);
    assert_eq!(limits.give_up_after(u64::MAX), 100 * S);
    limits.total = Some(S);
    assert_eq!(limits.give_up_after(0), S);
    // With a minimum rate of zero, no rate is too low.
    (limits.min_rate, limits.total) = (0, None);
    assert_eq!(limits.give_up_after(0), Duration::MAX);
    limits.min_rate = u64::MAX;
    assert_eq!(limits.give_up_after(u64::MAX), 60 * S);
}

#[test]
fn requests_carry_the_policy() {
    let mut policy = Policy::default();
    (policy.slow_after, policy.min_rate, policy.max_head, policy.max_headers) = (7 * S, 8, 9, 10);
    let limits = limits(policy);
    assert_eq!((limits.slow_after, limits.min_rate), (7 * S, 8));
    assert_eq!((limits.max_head, limits.max_headers), (9, 10));
    assert_eq!(limits.total, None);

    let mut policy = Policy::default();
    policy.poll_limit = 50 * S;
    let over = ok(r#"window.synccheck={retcode:"1101",selector:"0"}"#);
    let mut harness = Harness::new("", [over]).with_session(&continued(5));
    harness.run(&mut NextMessages::new(&continued(5), SEED, policy).unwrap()).unwrap_err();
    let limits = harness.seen[0].request.limits();
    assert_eq!((limits.stall, limits.total), (35 * S, Some(50 * S)));
}

#[test]
fn whoever_asks_for_patience_gets_it() {
    assert_eq!(Policy::default().with_stall(S).slow_after, 60 * S);
    assert_eq!(Policy::default().with_stall(300 * S).slow_after, 300 * S);
}

/// Returns a reply whose head has this many headers and this length.
fn head(headers: usize, bytes: usize) -> Answer {
    let mut fields: Vec<_> = (1..headers).map(|_| ("x", String::new())).collect();
    let filled = fields.len() * 5 + "x".len() + 4;
    fields.push(("x", "y".repeat(bytes.saturating_sub(filled))));
    Answer::Reply(403, fields, "<html>".into())
}

#[test]
fn a_head_that_is_too_large_is_refused_and_not_requested_again() {
    for (headers, bytes, good) in [
        (100, 0, true),
        (101, 0, false),
        (1, 32 * 1024, true),
        (1, 32 * 1024 + 1, false),
        (100, 32 * 1024, true),
        (100, 32 * 1024 + 1, false),
    ] {
        let check = |what: &str, requests: usize, error: Error| {
            assert_eq!(requests, 1, "{what}");
            match error.kind {
                ErrorKind::Network { error, .. } => {
                    let expected = (TransportErrorKind::Protocol, Delivery::Unknown);
                    assert_eq!((error.kind, error.delivery), expected, "{what}");
                    assert!(!good, "{what}: {headers} headers, {bytes} bytes");
                }
                kind => {
                    assert_eq!(kind, ErrorKind::Reply(ReplyError::Status(403)), "{what}");
                    assert!(good, "{what}: {headers} headers, {bytes} bytes");
                }
            }
        };
        let mut harness = Harness::new("", [head(headers, bytes)]);
        let error = harness.run(&mut fetch(Policy::default())).unwrap_err();
        check("an image", harness.seen.len(), error);

        let mut harness = Harness::new("", [head(headers, bytes)]);
        let error =
            harness.run(&mut ListContacts::new(&session(), SEED, Policy::default()).unwrap());
        check("a list", harness.seen.len(), error.unwrap_err());
    }
}
