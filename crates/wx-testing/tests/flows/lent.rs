//! Consequences of the session being borrowed by `poll` only (lines 6, 12 and 13 of the contract).

use std::time::Duration;

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::flow::{
    Action, Flow, Input, Login, NextMessages, ResumeOptions, SendMessage, Snapshot, TransportError,
    TransportErrorKind, UnexpectedInput, Upload,
};
use wx_proto::{ErrorKind, Outcome, Policy, Profile, Session, Site};

use super::login::{code, page, polled};
use super::messages::{check, key, session_at};
use wx_testing::harness::*;

fn send(bytes: &Bytes) -> SendMessage {
    let policy = Policy::default();
    SendMessage::media(&session(), media(bytes), to(), SEED, policy).unwrap()
}

fn rotated() -> Answer {
    let body = json!({
        "BaseResponse": { "Ret": 0 }, "SyncKey": key(6), "SKey": "@skey_new",
        "AddMsgList": [{ "MsgId": "7", "MsgType": 1 }],
    });
    ok(body.to_string())
}

/// Returns a reply that also sets a cookie.
fn with_cookie(answer: Answer, name: &str, value: &str) -> Answer {
    let Answer::Reply(code, mut headers, body) = answer else { panic!("no reply") };
    let expires = "Expires=Mon, 31-Dec-2098 11:12:21 GMT; Secure";
    headers.push(("set-cookie", format!("{name}={value}; Domain=qq.com; Path=/; {expires}")));
    Answer::Reply(code, headers, body)
}

fn cookies(seen: &SentRequest) -> String {
    seen.http().headers()["cookie"].to_str().unwrap().to_owned()
}

#[test]
fn a_rotated_skey_reaches_the_message_and_the_chunks_keep_their_text() {
    let bytes = jpeg(2 * CHUNK);
    let mut harness = Harness::new(bytes.clone(), [middle()]);
    let mut flow = send(&bytes);
    // After six steps the first chunk has been sent and answered. Then another job receives a new
    // skey and a new ticket.
    harness.steps_left = 6;
    assert!(harness.run_until_killed(&mut flow).is_none());
    assert_eq!(harness.seen.len(), 1);
    harness.steps_left = 100;
    let file: Value = serde_json::from_str(session_at(5).to_json().expose()).unwrap();
    assert_eq!(file["skey"], "@crypt_skey", "the same login");
    harness.session = session_at(5);
    let mut other = NextMessages::new(&harness.session, SEED, Policy::default()).unwrap();
    harness.answer_next([with_cookie(rotated(), "webwx_data_ticket", "fresh")]);
    harness.run(&mut other).unwrap();
    assert_eq!(harness.session.skey().unwrap().expose(), "@skey_new");

    harness.answer_next([last("@m", 2 * CHUNK), sent()]);
    // Cookies that the last poll of the other job had not applied yet.
    harness.run(&mut flow).unwrap();
    let [first, _, second, message] = &harness.seen[..] else {
        panic!("{:?}", harness.endpoints())
    };
    assert_eq!(first.upload_request(), second.upload_request(), "P28: one text");
    assert_eq!(first.upload_request()["BaseRequest"]["Skey"], "@crypt_skey");
    assert_eq!(message.json()["BaseRequest"]["Skey"], "@skey_new");
    assert_eq!(first.field("webwx_data_ticket").unwrap(), "ticket");
}

#[test]
fn p7_cookies_of_every_good_reply_are_in_the_next_request_and_no_others() {
    let bytes = jpeg(CHUNK + 1);
    let good = with_cookie(middle(), "webwx_data_ticket", "fresh");
    let bad = with_cookie(status(503), "webwx_data_ticket", "stale");
    let mut harness = Harness::new(bytes.clone(), [bad, good, last("@m", CHUNK + 1), sent()]);
    harness.run(&mut send(&bytes)).unwrap();
    let tickets: Vec<_> =
        harness.seen[..3].iter().map(|seen| seen.field("webwx_data_ticket").unwrap()).collect();
    assert_eq!(tickets, ["ticket", "ticket", "fresh"]);
    assert!(cookies(&harness.seen[2]).contains("webwx_data_ticket=fresh"));
    assert!(cookies(&harness.seen[3]).contains("webwx_data_ticket=fresh"));
    assert_eq!(harness.seen[0].upload_request(), harness.seen[2].upload_request());
    // A refusal of the message sets no cookies either.
    let refused = with_cookie(ret(1), "wxuin", "other");
    let mut harness = Harness::new(jpeg(12), [last("@m", 12), refused]);
    harness.run(&mut send(&jpeg(12))).unwrap_err();
    assert!(!harness.session.to_json().expose().contains("other"));
}

#[test]
fn the_cookies_of_an_image_count_once_it_is_one() {
    let web_page = ("content-length", "12".to_owned());
    for (body, expected) in [(jpeg(12), true), (Bytes::from_static(b"<!doctype ht"), false)] {
        let reply = Answer::Reply(200, vec![web_page.clone()], body);
        let mut harness = Harness::new("", [with_cookie(reply, "wxload", "taken")]);
        let mut flow = super::contract::fetch();
        assert_eq!(harness.run(&mut flow).is_ok(), expected);
        assert_eq!(harness.session.to_json().expose().contains("taken"), expected);
    }
}

#[test]
fn pings_are_without_credentials_and_set_none() {
    let bytes = jpeg(12);
    let mut policy = Policy::default();
    policy.browser_parity = true;
    let mut flow = SendMessage::media(&session(), media(&bytes), to(), SEED, policy).unwrap();
    let ping = || with_cookie(ok(""), "ping", "taken");
    let answers = [ping(), ping(), ping(), ping(), last("@m", 12), sent()];
    let mut harness = Harness::new(bytes, answers);
    harness.run(&mut flow).unwrap();
    assert!(!harness.session.to_json().expose().contains("taken"));
}

fn another_login() -> Session {
    let builder = Session::builder("https://wx.qq.com");
    let builder = builder.uin(7).sid("other").skey("k").user_name("@other").data_ticket("t");
    builder.build().unwrap()
}

#[test]
fn another_login_in_the_session_ends_jobs_of_the_first() {
    let bytes = jpeg(12);
    let mut ended = session();
    ended.clear_login();
    for other in [another_login(), ended] {
        for (steps, outcome) in [(2, Outcome::NotSent), (7, Outcome::Unknown)] {
            let mut harness = Harness::new(bytes.clone(), [last("@m", 12), dropped(), sent()]);
            let mut flow = send(&bytes);
            harness.steps_left = steps;
            assert!(harness.run_until_killed(&mut flow).is_none());
            let before = harness.seen.len();
            (harness.session, harness.steps_left) = (other.clone(), 1000);
            let error = harness.run(&mut flow).unwrap_err();
            assert_eq!((error.outcome(), harness.seen.len()), (outcome, before), "{error:?}");
            assert_eq!(error.kind == ErrorKind::LoginChanged, outcome == Outcome::NotSent);
        }
    }
}

#[test]
fn a_login_that_fails_leaves_the_session_as_it_was() {
    let mut harness = Harness::new("", [code(), polled(2), page(), ret(1100)]);
    let before = harness.session.clone();
    let mut login = Login::new(Site::new(Profile::Web), SEED, Policy::default());
    assert_eq!(harness.run(&mut login).unwrap_err().ret().unwrap().0, 1100);
    assert_eq!(harness.session, before);
}

#[test]
fn a_batch_that_another_stream_has_had_is_requested_again() {
    let start = super::messages::continued(5);
    let mut harness = Harness::new("", []).with_session(&start);
    let new = || NextMessages::new(&start, SEED, Policy::default()).unwrap();
    let (mut flow, now) = (new(), harness.now);
    // The message has no id. A message with an id would be recognised as a duplicate and dropped
    // anyway. Both calls of the first stream are answered, but its batch is not in the session yet.
    for answer in [check(0, 2), super::messages::received(6, &[0])] {
        let Action::Send(id, _) = flow.poll(&mut harness.session, now) else { panic!() };
        let Answer::Reply(_, _, body) = answer else { unreachable!() };
        let reply = wx_proto::http::Response::new(body);
        flow.answer(id, reply, &mut harness.session, now, |_, _| Ok(())).unwrap();
    }
    harness.answer_next([check(0, 2), super::messages::received(6, &[0])]);
    let had = harness.run(&mut new()).unwrap();
    assert_eq!((had.messages.len(), &had.messages[0].id), (1, &None));
    harness.answer_next([check(0, 2), super::messages::received(7, &[9])]);
    let next = harness.run(&mut flow).unwrap();
    assert_eq!(next.messages[0].id.as_ref().unwrap().as_str(), "9", "not the same message again");
    assert_eq!(harness.seen.last().unwrap().json()["SyncKey"], key(6));
}

#[test]
fn a_batch_that_another_stream_has_had_still_brings_its_skey() {
    let start = super::messages::continued(5);
    let mut harness = Harness::new("", []).with_session(&start);
    let new = || NextMessages::new(&start, SEED, Policy::default()).unwrap();
    let (mut flow, now) = (new(), harness.now);
    for answer in [check(0, 2), rotated()] {
        let Action::Send(id, _) = flow.poll(&mut harness.session, now) else { panic!() };
        let Answer::Reply(_, _, body) = answer else { unreachable!() };
        let reply = wx_proto::http::Response::new(body);
        flow.answer(id, reply, &mut harness.session, now, |_, _| Ok(())).unwrap();
    }
    harness.answer_next([check(0, 2), super::messages::received(6, &[8])]);
    harness.run(&mut new()).unwrap();
    assert_eq!(harness.session.skey().unwrap().expose(), "@crypt_skey");
    assert!(matches!(flow.poll(&mut harness.session, now), Action::Send(..)));
    assert_eq!(harness.session.skey().unwrap().expose(), "@skey_new");
}

#[test]
fn a_message_about_to_be_saved_has_not_left() {
    let bytes = jpeg(12);
    let mut flow = send(&bytes).checkpointed();
    let mut harness = Harness::new(bytes, []);
    let now = harness.now;
    // Polls until the message is about to be saved as handed out.
    let saved = loop {
        match flow.poll(&mut harness.session, now) {
            Action::Save(snapshot) if snapshot.in_doubt() => break snapshot,
            Action::Save(_) => flow.handle(Input::Saved, now).unwrap(),
            Action::Read(span) => {
                let input = harness.read(&span);
                flow.handle(input, now).unwrap();
            }
            Action::Send(id, _) => {
                let Answer::Reply(_, _, body) = last("@m", 12) else { unreachable!() };
                let reply = wx_proto::http::Response::new(body);
                flow.answer(id, reply, &mut harness.session, now, |_, _| Ok(())).unwrap();
            }
            other => panic!("{other:?}"),
        }
    };
    // The driver is dropped. The next driver receives the same action, whatever the time.
    for seconds in 0..10 {
        let later = now + std::time::Duration::from_secs(100 * seconds);
        let Action::Save(again) = flow.poll(&mut harness.session, later) else { panic!() };
        assert_eq!(again, saved);
        assert!(!flow.progress().in_doubt, "the job waits here");
    }
    let mut cancelled = flow.clone();
    cancelled.cancel();
    let mut moved = flow.clone();
    assert_eq!(flow.handle(Input::Written, now), Err(UnexpectedInput));
    flow.handle(Input::Saved, now).unwrap();
    assert!(matches!(flow.poll(&mut harness.session, now), Action::Send(..)));
    assert!(flow.progress().in_doubt);
    flow.cancel();
    // The login changes while the state is being saved.
    assert!(matches!(moved.poll(&mut another_login(), now), Action::Save(_)));
    for (mut flow, outcome) in
        [(cancelled, Outcome::NotSent), (moved, Outcome::NotSent), (flow, Outcome::Unknown)]
    {
        let mut saves = 0;
        let error = loop {
            match flow.poll(&mut harness.session, now) {
                Action::Done(done) => break done.unwrap_err(),
                Action::Save(snapshot) => {
                    assert_eq!(snapshot.in_doubt(), outcome == Outcome::Unknown);
                    flow.handle(Input::Saved, now).unwrap();
                    saves += 1;
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(error.outcome(), outcome);
        assert_eq!(saves, i32::from(outcome == Outcome::NotSent), "the true state is saved again");
    }
}

#[test]
fn a_whole_reply_hands_out_nothing_that_comes_after_it() {
    let mut harness = Harness::new(jpeg(12), []);
    let mut flow = send(&jpeg(12));
    let now = harness.now;
    let mut sends = 0;
    loop {
        match flow.poll(&mut harness.session, now) {
            Action::Read(span) => {
                let input = harness.read(&span);
                flow.handle(input, now).unwrap();
            }
            Action::Send(id, request) => {
                let is_message = request.endpoint() == "webwxsendmsgimg";
                sends += u32::from(is_message);
                let attempt = if is_message { sends } else { 1 };
                assert_eq!(flow.progress().attempt, Some(attempt));
                let answer = if is_message { sent() } else { last("@m", 12) };
                let Answer::Reply(_, _, body) = answer else { unreachable!() };
                let reply = wx_proto::http::Response::new(body);
                flow.answer(id, reply, &mut harness.session, now, |_, _| Ok(())).unwrap();
            }
            Action::Done(done) => break drop(done.unwrap()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(sends, 1);
}

#[test]
fn a_whole_reply_whose_head_is_refused_sends_no_message_again() {
    let wait = std::time::Duration::ZERO;
    let mut tight = Policy::default();
    (tight.message_wait, tight.back_off, tight.max_headers) = (wait, wait, 1);
    let (mut session, now) = (session(), wait);
    let upload = Harness::new(jpeg(12), [last("@m", 12)])
        .run(&mut upload(&jpeg(12), &Policy::default()).unwrap());
    let mut flow = SendMessage::uploaded(&session, upload.unwrap(), to(), SEED, tight).unwrap();
    for attempt in 1..=2 {
        let Action::Send(id, _) = flow.poll(&mut session, now) else { panic!() };
        assert_eq!(flow.progress().attempt, Some(attempt), "no message was lost");
        let refused = wx_proto::http::Response::builder().header("a", "1").header("b", "2");
        let reply = refused.body(Bytes::from_static(b"{}")).unwrap();
        flow.answer(id, reply, &mut session, now, |_, _| Ok(())).unwrap();
    }
}

#[test]
fn a_message_of_unknown_fate_is_in_doubt_while_that_is_saved() {
    let mut harness = Harness::new("", []);
    let mut flow = super::contract::message().checkpointed();
    let now = harness.now;
    let Action::Save(_) = flow.poll(&mut harness.session, now) else { panic!() };
    flow.handle(Input::Saved, now).unwrap();
    let Action::Send(id, _) = flow.poll(&mut harness.session, now) else { panic!() };
    let stalled = TransportError::on_the_way(TransportErrorKind::Stalled);
    flow.handle(Input::Failed(id, stalled), now).unwrap();
    let Action::Wait(until) = flow.poll(&mut harness.session, now) else { panic!() };
    let Action::Save(_) = flow.poll(&mut harness.session, until) else { panic!("before each try") };
    flow.cancel();
    let Action::Save(last) = flow.poll(&mut harness.session, until) else { panic!() };
    assert!(last.in_doubt() && flow.progress().in_doubt, "only this job has the information");
    flow.handle(Input::Saved, until).unwrap();
    let Action::Done(Err(error)) = flow.poll(&mut harness.session, until) else { panic!() };
    assert_eq!((error.outcome(), flow.progress().in_doubt), (Outcome::Unknown, false));
}

#[test]
fn a_message_leaves_as_it_was_saved() {
    let mut flow = super::contract::message().checkpointed();
    let (mut borrowed, second) = (session(), std::time::Duration::from_secs(1));
    let save = |flow: &mut SendMessage, borrowed: &mut Session, now| {
        let Action::Save(state) = flow.poll(borrowed, now) else {
            panic!("there is nothing to save")
        };
        flow.handle(Input::Saved, now).unwrap();
        state
    };
    // Saving takes a second. The saved time counts as the time at which the message was handed out.
    let saved = save(&mut flow, &mut borrowed, second);
    let Action::Send(id, _) = flow.poll(&mut borrowed, second * 2) else { panic!() };
    assert_eq!(flow.snapshot().unwrap(), saved);
    // The message never left, and this is saved, too. Then it is about to be handed out again.
    let failure = TransportError::never_connected(TransportErrorKind::Connect);
    flow.handle(Input::Failed(id, failure), second * 2).unwrap();
    let not_out = save(&mut flow, &mut borrowed, second * 2);
    assert!(!not_out.in_doubt());
    let Action::Wait(until) = flow.poll(&mut borrowed, second * 2) else { panic!() };
    let Action::Save(out) = flow.poll(&mut borrowed, until) else { panic!() };
    assert!(out.in_doubt());
    // The job is cancelled during the save, so the saved state may be wrong.
    flow.cancel();
    assert_eq!(save(&mut flow, &mut borrowed, until), not_out);
    assert!(matches!(flow.poll(&mut borrowed, until), Action::Done(Err(_))));
}

#[test]
fn a_message_in_doubt_whose_next_try_cannot_be_made_stays_in_doubt() {
    let mut harness = Harness::new("", [dropped()]);
    let mut flow = super::contract::message();
    harness.steps_left = 1;
    assert!(harness.run_until_killed(&mut flow).is_none());
    // The same login, as it was before webwxinit.
    let mut file: Value = serde_json::from_str(session().to_json().expose()).unwrap();
    file["user_name"] = "@".into();
    harness.session = Session::from_json(file.to_string()).unwrap();
    harness.steps_left = 100;
    let error = harness.run(&mut flow).unwrap_err();
    assert_eq!((error.outcome(), harness.seen.len()), (Outcome::Unknown, 1), "{error:?}");
}

#[test]
fn cookies_of_a_resumed_upload_last_from_now_on() {
    let bytes = jpeg(CHUNK + 1);
    let policy = Policy::default();
    let mut killed = Harness::new(bytes.clone(), [middle()]);
    killed.steps_left = 7;
    let mut first = upload(&bytes, &policy).unwrap();
    assert!(killed.run_until_killed(&mut first).is_none());
    let saved = Snapshot::from_json(killed.saved.unwrap()).unwrap();
    let hours_later = SEED.unix_ms.saturating_add(Duration::from_secs(13 * 3600));
    for unix_ms in [Some(hours_later), None] {
        let at = ResumeOptions { unix_ms, resend: false };
        let mut flow = Upload::resume(&session(), saved.clone(), policy.clone(), at).unwrap();
        let Answer::Reply(code, _, body) = last("@m", CHUNK + 1) else { panic!() };
        let cookie = "webwx_data_ticket=fresh; Domain=qq.com; Path=/; Max-Age=43200";
        let last = Answer::Reply(code, vec![("set-cookie", cookie.to_owned())], body);
        let mut harness = Harness::new(bytes.clone(), [last]);
        harness.run(&mut flow).unwrap();
        let now = unix_ms.unwrap_or(SEED.unix_ms).saturating_add(Duration::from_secs(3600));
        harness.session.check_upload(now).unwrap();
        assert!(harness.session.to_json().expose().contains("fresh"));
    }
}
