//! Waiting for messages.

use std::time::Duration;

use serde_json::{Value, json};
use wx_proto::flow::{Flow, NextMessages};
use wx_proto::{Advice, Error, ErrorKind, Message, Policy, ReplyError, ReplyField, Session, Step};

use super::login::{init, recorded};
use wx_testing::harness::*;
use wx_testing::samples::vector;

pub(crate) fn key(n: i64) -> Value {
    json!({ "Count": 2, "List": [{ "Key": 1, "Val": 653_210_000 }, { "Key": 2, "Val": n }] })
}

/// Returns a session whose sync position is after message `n`.
pub(crate) fn session_at(n: i64) -> Session {
    let mut file: Value = serde_json::from_str(session().to_json().expose()).unwrap();
    file["sync_key"] = key(n);
    Session::from_json(file.to_string()).unwrap()
}

pub(crate) fn check(retcode: i32, selector: i32) -> Answer {
    ok(format!("window.synccheck={{retcode:\"{retcode}\",selector:\"{selector}\"}}"))
}

fn message(id: u64) -> Value {
    json!({
        "MsgId": id.to_string(), "FromUserName": "@friend", "ToUserName": "@me", "MsgType": 3,
        "Content": "",
    })
}

/// Returns a webwxsync reply whose position is after message `n`.
pub(crate) fn batch(n: i64, messages: &[Value], more: Value) -> Answer {
    let mut answer = json!({
        "BaseResponse": { "Ret": 0, "ErrMsg": "" }, "AddMsgCount": messages.len(),
        "AddMsgList": messages,
        "ContinueFlag": 0, "SyncKey": key(n), "SKey": "",
    });
    answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ok(answer.to_string())
}

pub(crate) fn received(n: i64, ids: &[u64]) -> Answer {
    batch(n, &ids.iter().map(|id| message(*id)).collect::<Vec<_>>(), json!({}))
}

/// The received messages, and the session after their acknowledgement.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) session: Session,
    pub(crate) messages: Vec<Message>,
}

pub(crate) fn next(
    session: Session,
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<Received, Error>) {
    let mut harness = Harness::new("", answers).with_session(&session);
    let mut flow = NextMessages::new(&session, SEED, Policy::default()).unwrap();
    let result = harness.run(&mut flow).map(|new| {
        assert!(harness.session.acknowledge(new.receipt));
        let session = harness.session.clone();
        Received { session, messages: new.messages.into() }
    });
    (harness, result)
}

fn ids(arrived: &Received) -> Vec<String> {
    arrived
        .messages
        .iter()
        .map(|message| message.id.as_ref().map_or("0".to_owned(), ToString::to_string))
        .collect()
}

/// Returns a session that continues with synccheck. A loaded session starts with webwxsync.
pub(crate) fn continued(n: i64) -> Session {
    next(session_at(n - 1), [received(n, &[1])]).1.unwrap().session
}

#[test]
fn p57_any_selector_but_zero_leads_to_a_sync() {
    for selector in [2, 3, 4, 6, 7, 99] {
        let (harness, result) = next(
            continued(5),
            [check(0, 0), check(0, 0), check(0, selector), received(6, &[8, 9])],
        );
        let arrived = result.unwrap();
        assert_eq!(ids(&arrived), ["8", "9"]);
        assert_eq!(harness.endpoints(), ["synccheck", "synccheck", "synccheck", "webwxsync"]);
        assert_eq!(harness.pauses(), [0, 0, 0], "the server holds the long poll");
    }
}

#[test]
fn p2_p56_synccheck_is_sent_to_the_push_host_with_its_own_key() {
    let (harness, result) = next(
        continued(5),
        [check(0, 2), batch(6, &[message(2)], json!({ "SyncCheckKey": key(66) }))],
    );
    let uri = harness.seen[0].http().uri();
    assert_eq!(
        (uri.host(), uri.path()),
        (Some("webpush.wx.qq.com"), "/cgi-bin/mmwebwx-bin/synccheck")
    );
    let query = uri.query().unwrap();
    assert!(query.contains("&synckey=1_653210000%7C2_5&"), "{query}");
    let names: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap().0).collect();
    assert_eq!(names, ["r", "skey", "sid", "uin", "deviceid", "synckey", "_"]);
    assert!(harness.seen[0].http().headers().contains_key("cookie"));
    // webwxsync uses the SyncKey, and synccheck the SyncCheckKey.
    let (harness, _) = next(result.unwrap().session, [check(0, 2), received(7, &[3])]);
    assert!(harness.seen[0].http().uri().query().unwrap().contains("&synckey=1_653210000%7C2_66&"));
    assert_eq!(harness.seen[1].json()["SyncKey"], key(6));
}

#[test]
fn p55_a_key_is_sent_back_unaltered_and_an_empty_one_is_not_applied() {
    let stuck = recorded()["stuck_sync"]["body"].to_string();
    let (harness, result) =
        next(continued(5), [check(0, 2), ok(stuck.clone()), ok(stuck), received(6, &[2])]);
    assert_eq!(ids(&result.unwrap()), ["2"], "Ret 3 is transient");
    for sync in &harness.seen[1..] {
        assert_eq!(sync.json()["SyncKey"], key(5));
    }
    assert_eq!(harness.pauses(), [0, 1, 2]);
    // An empty SyncKey in a successful reply is not applied either.
    let empty = batch(6, &[message(2)], json!({ "SyncKey": { "Count": 0, "List": [] } }));
    let session = next(continued(5), [check(0, 2), empty]).1.unwrap().session;
    let (harness, _) = next(session, [check(0, 2), received(6, &[3])]);
    assert_eq!(harness.seen[1].json()["SyncKey"], key(5));
}

#[test]
fn p14_the_skey_of_webwxsync_is_adopted_unless_empty() {
    for (skey, expected) in [("@crypt_new", "@crypt_new"), ("", "@crypt_skey")] {
        let session =
            next(continued(5), [check(0, 2), batch(6, &[message(2)], json!({ "SKey": skey }))])
                .1
                .unwrap()
                .session;
        assert_eq!(session.skey().unwrap().expose(), expected);
        let (harness, _) = next(session, [check(0, 2), received(7, &[3])]);
        let query = harness.seen[0].http().uri().query().unwrap().to_owned();
        assert!(query.contains(&format!("&skey={}&", expected.replace('@', "%40"))), "{query}");
    }
}

#[test]
fn p57_a_message_that_comes_twice_is_dropped_also_after_a_restart() {
    let (_, result) = next(continued(5), [check(0, 2), received(6, &[2, 3, 2])]);
    let first = result.unwrap();
    assert_eq!(ids(&first), ["2", "3"]);
    // A batch that consists of duplicates only is not returned.
    let (harness, result) = next(
        first.session.clone(),
        [check(0, 2), received(7, &[3, 2]), check(0, 2), received(8, &[3, 4])],
    );
    assert_eq!(ids(&result.unwrap()), ["4"]);
    assert_eq!(harness.pauses(), [0, 0, 0]);
    let saved = Session::from_json(first.session.to_json().expose()).unwrap();
    assert_eq!(ids(&next(saved, [received(7, &[3, 4])]).1.unwrap()), ["4"]);
}

#[test]
fn a_session_that_was_saved_syncs_before_it_waits_and_one_without_a_key_begins() {
    let (harness, result) = next(session_at(5), [received(6, &[7])]);
    assert_eq!(
        (harness.endpoints(), ids(&result.unwrap())),
        (vec!["webwxsync"], vec!["7".to_owned()])
    );
    let notified = || ok(r#"{"BaseResponse":{"Ret":0,"ErrMsg":""}}"#);
    let (harness, result) = next(session(), [init(""), notified(), check(0, 2), received(6, &[7])]);
    assert!(result.is_ok());
    assert_eq!(harness.endpoints(), ["webwxinit", "webwxstatusnotify", "synccheck", "webwxsync"]);
    let no_key =
        ok(r#"{"BaseResponse":{"Ret":0},"User":{"UserName":"@me"},"SyncKey":{"Count":0}}"#);
    let error = next(session(), [no_key, notified()]).1.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Reply(ReplyError::Missing(ReplyField::SyncKey)));
}

#[test]
fn a_batch_that_has_more_behind_it_is_followed_at_once() {
    let more = batch(6, &[message(2)], json!({ "ContinueFlag": 1 }));
    let session = next(continued(5), [check(0, 2), more]).1.unwrap().session;
    let (harness, _) = next(session, [received(7, &[3])]);
    assert_eq!(harness.endpoints(), ["webwxsync"]);
}

#[test]
fn failures_are_retried_with_growing_waits() {
    let failures = [
        dropped(),
        unreachable(),
        status(502),
        status(404),
        ok(""),
        ok("<html>"),
        ok("window.synccheck={}"),
        check(9, 0),
        Answer::Break(40, "window".into()),
    ];
    let n = failures.len();
    for before_sync in [false, true] {
        let mut answers: Vec<_> = if before_sync { vec![check(0, 2)] } else { vec![] };
        let is_odd_code = |answer: &Answer| {
            matches!(answer, Answer::Reply(200, _, body)
            if body.starts_with(b"window.synccheck={retcode:\"9"))
        };
        let failures =
            failures.clone().into_iter().filter(|answer| !before_sync || !is_odd_code(answer));
        answers.extend(failures);
        if !before_sync {
            answers.push(check(0, 2));
        }
        answers.push(received(6, &[2]));
        let (harness, result) = next(continued(5), answers);
        assert_eq!(ids(&result.unwrap()), ["2"], "before webwxsync: {before_sync}");
        let pauses = harness.pauses();
        let waits: Vec<_> = pauses.iter().filter(|pause| **pause > 0).copied().collect();
        assert_eq!(waits[..6], [1, 2, 4, 8, 16, 32]);
        assert!(waits.len() >= n - 1 && waits[6..].iter().all(|wait| *wait == 60), "{waits:?}");
    }
}

#[test]
fn a_synccheck_that_never_answers_is_asked_again() {
    use wx_proto::flow::{TransportError, TransportErrorKind};
    let stalled = Answer::Fail(TransportError::on_the_way(TransportErrorKind::Stalled));
    let (harness, result) =
        next(continued(5), [stalled.clone(), stalled, check(0, 2), received(6, &[2])]);
    assert!(result.is_ok());
    assert!(
        harness
            .seen
            .iter()
            .take(3)
            .all(|seen| seen.request.limits().stall == Duration::from_secs(35))
    );
    assert_eq!(harness.seen[3].request.limits().stall, Duration::from_secs(30));
}

#[test]
fn a_login_that_is_over_ends_it() {
    for code in [1100, 1101, 1102] {
        for answers in [vec![check(code, 0)], vec![check(0, 2), ret(code)]] {
            let (harness, result) = next(continued(5), answers);
            let error = result.unwrap_err();
            assert_eq!(
                (error.advice(), error.step, error.ret().unwrap().0),
                (Advice::LoginAgain, Step::Sync, code.into())
            );
            assert!(harness.seen.len() <= 2);
        }
    }
    // An unknown Ret is not retried forever.
    assert!(next(continued(5), [check(0, 2), ret(1)]).1.is_err());
}

#[test]
fn a_server_that_has_something_and_never_gives_it_is_not_polled_without_a_pause() {
    let nothing = || [check(0, 2), received(5, &[])];
    let answers =
        std::iter::repeat_with(nothing).take(8).flatten().chain([check(0, 2), received(6, &[2])]);
    let (harness, result) = next(continued(5), answers);
    assert!(result.is_ok());
    let pauses = harness.pauses();
    assert_eq!(pauses.iter().sum::<u64>(), 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60, "{pauses:?}");
}

#[test]
fn ten_thousand_messages_in_one_batch() {
    let all: Vec<u64> = (1..=10_000).map(|n| u64::MAX - n).collect();
    let (_, result) = next(continued(5), [check(0, 2), received(6, &all)]);
    let first = result.unwrap();
    assert_eq!(
        (first.messages.len(), first.messages[0].id.as_ref().unwrap().as_str()),
        (10_000, "18446744073709551614")
    );
    let (_, result) =
        next(first.session, [check(0, 2), received(7, &all), check(0, 2), received(8, &[2])]);
    assert_eq!(ids(&result.unwrap()), ["2"], "and once more without a reply");
}

#[test]
fn p5_p6_p7_the_five_cookies_of_a_sync_are_kept() {
    let vector: Value = vector("sync_cookies");
    let lines = vector["set_cookie"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
    // The captured cookies expired long ago, so their expiry is moved to the future.
    let lines: Vec<_> =
        lines.map(|line| line.replace("-2018 ", "-2098 ").replace("-2019 ", "-2099 ")).collect();
    let Answer::Reply(code, _, body) = received(6, &[2]) else { unreachable!() };
    let headers = lines.iter().map(|line| ("set-cookie", line.clone())).collect();
    let session =
        next(continued(5), [check(0, 2), Answer::Reply(code, headers, body)]).1.unwrap().session;
    let (harness, _) = next(session, [check(0, 2), received(7, &[3])]);
    for seen in &harness.seen {
        let sent = seen.http().headers()["cookie"].to_str().unwrap().split("; ");
        let sent: Vec<_> = sent.collect();
        for line in &lines {
            let pair = line.split("; ").next().unwrap();
            let name = &pair[..=pair.find('=').unwrap()];
            let of_name: Vec<_> = sent.iter().filter(|sent| sent.starts_with(name)).collect();
            assert_eq!(of_name, [&pair], "{}", seen.endpoint());
        }
    }
}

#[test]
fn each_request_has_a_separate_device_id_and_time() {
    let (harness, _) = next(continued(5), [dropped(), check(0, 2), received(6, &[2])]);
    let pairs = |n: usize, name: &str| {
        let query = harness.seen[n].http().uri().query().unwrap().to_owned();
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned))
            .unwrap()
    };
    assert_ne!(pairs(0, "deviceid"), pairs(1, "deviceid"));
    assert!(pairs(1, "r").parse::<u64>().unwrap() >= pairs(0, "r").parse::<u64>().unwrap() + 1000);
}

#[test]
fn waiting_can_be_cancelled_at_any_step() {
    for steps in 0..12 {
        let session = continued(5);
        let mut harness =
            Harness::new("", [dropped(), check(0, 2), received(6, &[2])]).with_session(&session);
        harness.steps_left = steps;
        let mut flow = NextMessages::new(&session, SEED, Policy::default()).unwrap();
        if harness.run_until_killed(&mut flow).is_none() {
            flow.cancel();
            let result = Harness::new("", []).run(&mut flow);
            assert!(
                result.is_ok() || result.is_err_and(|error| error.kind == ErrorKind::Cancelled)
            );
        }
    }
}

#[test]
fn a_server_that_holds_nothing_back_is_not_polled_without_a_pause() {
    let answers =
        std::iter::repeat_with(|| check(0, 0)).take(10).chain([check(0, 2), received(6, &[2])]);
    let (harness, result) = next(continued(5), answers);
    assert!(result.is_ok());
    assert_eq!(harness.pauses(), [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0]);
    // The same applies if the position moves without messages, or with messages that have no id.
    let nothing = (6..16).flat_map(|n| [check(0, 4), received(n, &[])]);
    let (harness, _) = next(continued(5), nothing.chain([check(0, 2), received(20, &[2])]));
    assert!(harness.pauses().iter().sum::<u64>() >= 5, "{:?}", harness.pauses());
    let nameless = || [check(0, 2), batch(5, &[json!({ "MsgType": 51 })], json!({}))];
    let answers =
        std::iter::repeat_with(nameless).take(3).flatten().chain([check(0, 2), received(6, &[2])]);
    let (harness, result) = next(continued(5), answers);
    assert_eq!(
        (ids(&result.unwrap()), harness.pauses().iter().sum::<u64>()),
        (vec!["2".to_owned()], 1 + 2 + 4)
    );
}

#[test]
fn a_certificate_of_somebody_else_ends_it() {
    use wx_proto::flow::{CertificateProblem, TransportError, TransportErrorKind};
    let refused = TransportErrorKind::Certificate(CertificateProblem::UnknownIssuer);
    let (harness, result) =
        next(continued(5), [Answer::Fail(TransportError::never_connected(refused))]);
    assert!(matches!(result.unwrap_err().kind, ErrorKind::Network { .. }));
    assert_eq!(harness.seen.len(), 1);
}

#[test]
fn null_is_nothing() {
    let nulls = json!({ "SyncKey": null, "SyncCheckKey": null, "AddMsgList": null });
    let (harness, result) =
        next(continued(5), [check(0, 2), batch(6, &[], nulls), check(0, 2), received(6, &[2])]);
    assert!(result.is_ok());
    assert_eq!(harness.seen[3].json()["SyncKey"], key(5));
}

#[test]
fn failures_of_webwxinit_are_retried_like_those_of_all_other_calls() {
    let failures =
        || [dropped(), unreachable(), status(500), ret(-1), ok("<html>"), status(429), ok("")];
    let answers = failures().into_iter().chain(failures()).chain([
        init(""),
        ok("{}"),
        check(0, 2),
        received(6, &[7]),
    ]);
    let (harness, result) = next(session(), answers);
    assert_eq!(ids(&result.unwrap()), ["7"]);
    assert_eq!(harness.pauses()[..9], [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(next(session(), [dropped(), ret(1101)]).1.unwrap_err().advice(), Advice::LoginAgain);
}
