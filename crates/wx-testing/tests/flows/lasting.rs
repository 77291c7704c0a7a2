//! A login that lasts: webwxsync at least once an hour, its cookies, the end of a login, and the
//! server's copies of own messages ([§11.12](wx_proto::protocol#s11-12)).

use std::time::Duration;

use serde_json::{Value, json};
use wx_proto::flow::{Flow, ListContacts, Logout, NextMessages, Restore, SendMessage};
use wx_proto::{Advice, Error, ErrorKind, Policy, Recipient, RequestError, Session, Text, UnixMs};

use super::messages::{batch, check, continued, key, received};
use wx_testing::harness::*;
use wx_testing::samples::vector;

/// The duration of a poll without messages, in seconds.
const LONG_POLL: u64 = 25;

/// Waits for messages with this policy. Each answer has the number of seconds until it arrives.
fn wait(policy: Policy, answers: Vec<(Answer, u64)>) -> Harness {
    let session = continued(5);
    let (answers, passing): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    let mut harness = Harness::new("", answers).with_session(&session);
    harness.passing = passing.into();
    let mut flow = NextMessages::new(&session, SEED, policy).unwrap();
    harness.run(&mut flow).unwrap();
    harness
}

fn quiet_poll() -> (Answer, u64) {
    (check(0, 0), LONG_POLL)
}

fn count(harness: &Harness, endpoint: &str) -> usize {
    harness.endpoints().iter().filter(|seen| **seen == endpoint).count()
}

#[test]
fn p102_a_sync_is_made_once_an_hour_although_nothing_is_new() {
    let rows = vector("sync_cookies")["keepalive"]["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    for row in rows.as_array().unwrap() {
        let age = row["last_sync_age_s"].as_u64().unwrap();
        let mut answers = vec![(check(0, 0), age)];
        if row["expect"] == "sync" {
            answers.push((received(5, &[]), 0));
        }
        answers.extend([(check(0, 2), 0), (received(6, &[2]), 0)]);
        let harness = wait(Policy::default(), answers);
        let expected: &[&str] = match row["expect"].as_str().unwrap() {
            "sync" => &["synccheck", "webwxsync", "synccheck", "webwxsync"],
            "wait" => &["synccheck", "synccheck", "webwxsync"],
            other => panic!("{other}"),
        };
        assert_eq!(harness.endpoints(), expected, "{row}");
    }
}

#[test]
fn p102_a_quiet_day_has_a_sync_an_hour_and_no_pause() {
    let mut answers = Vec::new();
    for _ in 0..24 {
        answers.extend(vec![quiet_poll(); 144]);
        answers.push((received(5, &[]), 0));
    }
    answers.extend([(check(0, 2), 0), (received(6, &[2]), 0)]);
    let harness = wait(Policy::default(), answers);
    assert_eq!(count(&harness, "webwxsync"), 25);
    let syncs = harness.seen.iter().filter(|seen| seen.endpoint() == "webwxsync");
    let times: Vec<_> = syncs.map(|seen| seen.at.as_secs()).collect();
    assert!(times.windows(2).take(23).all(|pair| pair[1] - pair[0] == 3600), "{times:?}");
    // Each request follows its predecessor at once.
    let pauses = harness.pauses();
    assert!(pauses.iter().all(|pause| [0, LONG_POLL].contains(pause)), "{pauses:?}");
}

#[test]
fn p102_messages_postpone_the_sync_and_the_interval_is_data() {
    for (every, syncs) in [(3600, 2), (100, 3), (u64::MAX, 1)] {
        let mut policy = Policy::default();
        policy.sync_every = Duration::from_secs(every);
        let quiet: u64 = if every == 100 { 60 } else { 1800 };
        let mut answers = vec![(check(0, 0), quiet), (check(0, 0), quiet)];
        let renewed = || (received(5, &[]), 0);
        if every != u64::MAX {
            answers.push(renewed());
        }
        if every == 100 {
            answers.extend([(check(0, 0), quiet), (check(0, 0), quiet), renewed()]);
        }
        answers.extend([(check(0, 0), 30), (check(0, 2), 0), (received(6, &[2]), 0)]);
        assert_eq!(count(&wait(policy, answers), "webwxsync"), syncs, "{every}");
    }
}

#[test]
fn p102_zero_is_a_number_and_servers_that_do_not_hold_are_still_found() {
    let mut policy = Policy::default();
    policy.sync_every = Duration::ZERO;
    let run = |seconds: u64| {
        let pair = || [(check(0, 0), seconds), (received(5, &[]), 0)];
        let answers = std::iter::repeat_with(pair).take(10).flatten();
        let end = [(check(0, 2), 0), (received(6, &[2]), 0)];
        wait(policy.clone(), answers.chain(end).collect())
    };
    let pauses = run(LONG_POLL).pauses();
    assert_eq!(pauses.iter().sum::<u64>(), 10 * LONG_POLL, "no pause is added: {pauses:?}");
    let pauses = run(0).pauses();
    assert_eq!(pauses.iter().sum::<u64>(), 6, "there is no pause after the first four: {pauses:?}");
}

#[test]
fn p102_messages_of_the_sync_are_delivered_and_its_failures_retried() {
    let answers =
        vec![(check(0, 0), 3600), (dropped(), 0), (status(502), 0), (received(6, &[2]), 0)];
    let harness = wait(Policy::default(), answers);
    assert_eq!(harness.endpoints(), ["synccheck", "webwxsync", "webwxsync", "webwxsync"]);
    assert_eq!(harness.pauses(), [3600, 1, 2]);
}

#[test]
fn p103_every_cookie_of_a_sync_is_applied_with_its_lifetime() {
    let vector: Value = vector("sync_cookies");
    let lines = vector["set_cookie"].as_array().unwrap();
    let mut headers: Vec<_> = vec![("date", "Sun, 30 Dec 2018 23:12:23 GMT".to_owned())];
    headers.extend(lines.iter().map(|line| ("set-cookie", line.as_str().unwrap().to_owned())));
    let Answer::Reply(code, _, body) = received(5, &[]) else { unreachable!() };
    // The webwxsync that renews the login returns no message, and others follow.
    let harness = wait(
        Policy::default(),
        vec![
            (check(0, 0), 3600),
            (Answer::Reply(code, headers, body), 0),
            (check(0, 2), 0),
            (received(6, &[2]), 0),
        ],
    );
    let synced = SEED.unix_ms.saturating_add(Duration::from_secs(3600)).as_secs();
    let lives = vector["expect"]["life_s"].as_object().unwrap();
    assert_eq!(lives.len(), 5);
    let jar = harness.session.cookies().cookies();
    for (name, life) in lives {
        let of_name = jar.iter().filter(|cookie| cookie.name == *name);
        let ends: Vec<_> =
            of_name.filter_map(|cookie| cookie.expires).map(UnixMs::as_secs).collect();
        assert_eq!(ends, [synced + life.as_u64().unwrap()], "{name}");
    }
    let saved = Session::from_json(harness.session.to_json().expose()).unwrap();
    assert_eq!(saved.cookies(), harness.session.cookies(), "the file contains them too");
    assert_eq!(saved.ends_at(), harness.session.ends_at());
}

/// Returns a session that ends at this time.
fn session_ending_at(at: UnixMs) -> Session {
    let mut file: Value = serde_json::from_str(continued(5).to_json().expose()).unwrap();
    for cookie in file["cookies"].as_array_mut().unwrap() {
        cookie["expires"] = at.as_secs().into();
    }
    Session::from_json(file.to_string()).unwrap()
}

#[test]
fn p103_a_login_that_is_over_is_reported_without_a_request_and_since_when() {
    let since = UnixMs::from_secs(SEED.unix_ms.as_secs());
    let session = session_ending_at(since);
    let policy = Policy::default;
    fn refused<F: Flow<Output = Result<T, Error>>, T>(
        session: &Session,
        flow: Result<F, Error>,
    ) -> Error {
        let ended = flow.and_then(|mut flow| {
            Harness::new("", []).with_session(session).run(&mut flow).map(|_| ())
        });
        ended.unwrap_err()
    }
    let text = SendMessage::inline(&session, Text::new("hello"), to(), SEED, policy());
    let bytes = jpeg(12);
    let image = SendMessage::media(&session, media(&bytes), to(), SEED, policy());
    for error in [
        refused(&session, NextMessages::new(&session, SEED, policy())),
        refused(&session, Restore::new(&session, SEED, policy())),
        refused(&session, ListContacts::new(&session, SEED, policy())),
        refused(&session, text),
        refused(&session, image),
    ] {
        assert_eq!(error.kind, ErrorKind::Request(RequestError::LoginOver { since }));
        assert_eq!(error.advice(), Advice::LoginAgain);
        assert!(error.chain().to_string().contains(&since.to_utc()), "{}", error.chain());
    }
    // The server may still know the login, so it can be ended there.
    let mut logout = Logout::new(&session, SEED, policy()).unwrap();
    let moved = Answer::Reply(301, vec![("location", "https://wx.qq.com/".into())], "".into());
    Harness::new("", [moved]).with_session(&session).run(&mut logout).unwrap();
}

#[test]
fn p103_a_login_can_end_while_messages_are_awaited() {
    let session = session_ending_at(SEED.unix_ms.saturating_add(Duration::from_secs(7200)));
    let mut harness = Harness::new("", vec![unreachable(); 500]).with_session(&session);
    let mut flow = NextMessages::new(&session, SEED, Policy::default()).unwrap();
    let error = harness.run(&mut flow).unwrap_err();
    let since = session.ends_at().unwrap();
    assert_eq!(error.kind, ErrorKind::Request(RequestError::LoginOver { since }));
    let last = harness.seen.last().unwrap().at - harness.seen[0].at;
    assert!(last < Duration::from_secs(7200), "{last:?}");
}

fn helper_session() -> Session {
    let builder = Session::builder("https://szfilehelper.weixin.qq.com").uin(1).sid("s").skey("k");
    let session = builder.user_name("@me").data_ticket("t").build().unwrap();
    let mut file: Value = serde_json::from_str(session.to_json().expose()).unwrap();
    file["sync_key"] = key(5);
    Session::from_json(file.to_string()).unwrap()
}

/// The MsgID in the reply of [`sent`].
const OWN: u64 = 1_036_723_910_963_469_192;

fn from_own(id: u64, to: &str) -> Value {
    json!({
        "MsgId": id.to_string(), "FromUserName": "@me", "ToUserName": to, "MsgType": 1,
        "Content": "hello",
    })
}

#[test]
fn p97_the_phones_messages_are_delivered_and_only_own_sends_are_dropped() {
    for (session, to) in [(helper_session(), "filehelper"), (continued(5), "@0a")] {
        for restarts in [false, true] {
            let recipient = Recipient::new(to).unwrap();
            let send = SendMessage::inline(
                &session,
                Text::new("hello"),
                recipient,
                SEED,
                Policy::default(),
            );
            let mut harness = Harness::new("", [sent()]).with_session(&session);
            let done = harness.run(&mut send.unwrap()).unwrap();
            assert_eq!(done.msg_id.as_str(), OWN.to_string());
            let mut session = harness.session;
            if restarts {
                session = Session::from_json(session.to_json().expose()).unwrap();
            }
            let answers = [from_own(OWN, to), from_own(7, to)];
            let arrived = [check(0, 2), batch(6, &answers, json!({}))];
            let restarted = restarts || to == "filehelper";
            let arrived = arrived.into_iter().skip(usize::from(restarted));
            let mut harness = Harness::new("", arrived).with_session(&session);
            let mut flow = NextMessages::new(&session, SEED, Policy::default()).unwrap();
            let new = harness.run(&mut flow).unwrap();
            let ids: Vec<_> = new.messages.iter().map(|new| new.id.clone().unwrap()).collect();
            assert_eq!(ids.len(), 1, "{to}");
            assert_eq!(
                (ids[0].as_str(), new.messages[0].from.as_ref().unwrap().as_str()),
                ("7", "@me")
            );
        }
    }
}

#[test]
fn p97_the_copy_of_a_message_that_was_not_acknowledged_is_delivered() {
    let session = helper_session();
    let answers = batch(6, &[from_own(OWN, "filehelper")], json!({}));
    let mut harness = Harness::new("", [answers]).with_session(&session);
    let mut flow = NextMessages::new(&session, SEED, Policy::default()).unwrap();
    assert_eq!(harness.run(&mut flow).unwrap().messages.len(), 1);
}
