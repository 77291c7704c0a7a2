//! Resumed jobs and the login: its end, and the cookie that only uploads need.

use serde_json::json;
use wx_proto::flow::{Flow, ResumeError, ResumeOptions, SendMessage, Snapshot};
use wx_proto::{
    Advice, Error, ErrorKind, Outcome, Policy, Recipient, RequestError, Session, Step, UnixMs,
};

use super::resume::{LEN, good, seconds_later};
use wx_testing::harness::*;

/// The time of [`SEED`] in seconds.
const BEGUN: u64 = SEED.unix_ms.get() / 1000;

/// Returns a session whose login ends this many seconds after the jobs were begun.
fn ending_after(seconds: u64) -> Session {
    let cookie = json!({
        "name": "webwx_data_ticket", "value": "t", "domain": "qq.com", "expires": BEGUN + seconds,
    });
    let session = json!({
        "version": 1, "base": "https://wx.qq.com", "uin": 1, "sid": "s", "skey": "k",
        "user_name": "@me", "cookies": [cookie],
    });
    Session::from_json(session.to_string()).unwrap()
}

fn text(session: &Session) -> SendMessage {
    SendMessage::inline(session, "hello", to(), SEED, Policy::default()).unwrap()
}

fn resume(session: &Session, saved: Snapshot, at: ResumeOptions) -> SendMessage {
    SendMessage::resume(session, saved, Policy::default(), at).unwrap()
}

fn assert_login_over(error: &Error, step: Step) {
    let since = UnixMs::from_secs(BEGUN + 100);
    assert_eq!(error.kind, ErrorKind::from(RequestError::LoginOver { since }));
    assert_eq!((error.step, error.advice()), (step, Advice::LoginAgain));
    assert_eq!(error.outcome(), Outcome::NotSent);
}

#[test]
fn p103_a_resumed_message_is_not_sent_after_the_end_of_its_login() {
    let session = ending_after(100);
    let saved = text(&session).snapshot().unwrap();
    assert!(!saved.in_doubt());
    for (seconds, ended) in [(99, false), (101, true)] {
        let mut harness = Harness::new("", [sent()]).with_session(&session);
        let mut flow = resume(&session, saved.clone(), seconds_later(seconds));
        match harness.run(&mut flow) {
            Ok(_) => assert!(!ended, "{seconds}"),
            Err(error) => {
                assert!(ended, "{seconds}: {error:?}");
                assert_login_over(&error, Step::Message);
            }
        }
        assert_eq!(harness.seen.is_empty(), ended);
    }
}

#[test]
fn p103_a_resumed_message_in_doubt_stays_in_doubt_after_the_end_of_its_login() {
    let session = ending_after(100);
    let saved = (1..10).find_map(|steps| {
        let mut killed = Harness::new("", [sent()]).with_session(&session);
        killed.steps_left = steps;
        killed.run_until_killed(&mut text(&session));
        killed.saved.map(|saved| Snapshot::from_json(saved).unwrap()).filter(Snapshot::in_doubt)
    });
    let at = ResumeOptions { resend: true, ..seconds_later(101) };
    let mut harness = Harness::new("", []).with_session(&session);
    let error = harness.run(&mut resume(&session, saved.unwrap(), at)).unwrap_err();
    assert_eq!((error.outcome(), harness.seen.len()), (Outcome::Unknown, 0), "{error:?}");
}

#[test]
fn p103_a_resumed_upload_stops_at_the_end_of_its_login() {
    let session = ending_after(100);
    let new = || {
        let media = media(&jpeg(LEN));
        SendMessage::media(&session, media, to(), SEED, Policy::default()).unwrap()
    };
    let saved = (1..20).find_map(|steps| {
        let mut killed = Harness::new(jpeg(LEN), good()).with_session(&session);
        killed.steps_left = steps;
        killed.run_until_killed(&mut new());
        killed.saved.filter(|saved| saved.contains("\"acked\":1"))
    });
    let mut flow =
        resume(&session, Snapshot::from_json(saved.unwrap()).unwrap(), seconds_later(50));
    // The login ends while the second of three chunks is on its way.
    let mut harness = Harness::new(jpeg(LEN), good()[1..].to_vec()).with_session(&session);
    harness.passing = [60].into();
    let error = harness.run(&mut flow).unwrap_err();
    assert_login_over(&error, Step::Upload);
    assert_eq!(harness.endpoints(), ["webwxuploadmedia"]);
    let saved = flow.snapshot().unwrap().to_json();
    assert!(saved.contains("\"acked\":2"), "what was accepted is not lost: {saved}");
}

#[test]
fn only_uploads_need_their_cookie_to_be_resumed() {
    let session = Session::builder("https://wx.qq.com").uin(1).sid("s").skey("k").user_name("@me");
    let without = session.clone().build().unwrap();
    let with = session.data_ticket("t").build().unwrap();
    let saved = text(&with).snapshot().unwrap();
    let mut harness = Harness::new("", [sent()]).with_session(&without);
    harness.run(&mut resume(&without, saved, seconds_later(5))).unwrap();
    assert_eq!(harness.endpoints(), ["webwxsendmsg"]);

    let (media, to) = (media(&jpeg(LEN)), Recipient::file_helper());
    let saved = SendMessage::media(&with, media, to, SEED, Policy::default()).unwrap();
    let saved = saved.snapshot().unwrap();
    let refused = SendMessage::resume(&without, saved, Policy::default(), seconds_later(5));
    assert_eq!(refused.err(), Some(ResumeError::Request(RequestError::NoDataTicket)));
}
