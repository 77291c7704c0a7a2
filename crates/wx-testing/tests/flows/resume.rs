//! Jobs that are saved after every poll, killed at every step, and resumed.

use std::time::Duration;

use wx_proto::flow::{Flow, ResumeError, ResumeOptions, SendMessage, Snapshot};
use wx_proto::{Error, ErrorKind, MediaError, Outcome, Policy, ReplyError, Sent, Session, UnixMs};

use wx_testing::harness::*;

pub(crate) const LEN: usize = 2 * CHUNK + 5;

pub(crate) fn good() -> [Answer; 4] {
    [middle(), middle(), last("@m", LEN), sent()]
}

pub(crate) fn new() -> SendMessage {
    let bytes = jpeg(LEN);
    let policy = Policy::default();
    SendMessage::media(&session(), media(&bytes), to(), SEED, policy).unwrap()
}

pub(crate) fn seconds_later(seconds: u64) -> ResumeOptions {
    ResumeOptions {
        unix_ms: Some(SEED.unix_ms.saturating_add(Duration::from_secs(seconds))),
        resend: false,
    }
}

pub(crate) fn resume(saved: &str, at: ResumeOptions) -> SendMessage {
    SendMessage::resume(&session(), Snapshot::from_json(saved).unwrap(), Policy::default(), at)
        .unwrap()
}

/// Kills a job after this many steps. Returns the harness and the saved snapshot.
fn killed_after(
    steps: usize,
    answers: impl IntoIterator<Item = Answer>,
) -> Option<(Harness, String)> {
    let mut harness = Harness::new(jpeg(LEN), answers);
    harness.steps_left = steps;
    let _ = harness.run_until_killed(&mut new());
    // A job that is over has no snapshot.
    let saved = harness.saved.clone()?;
    Some((harness, saved))
}

/// Returns the snapshot of a job that was killed after it had handed out the message.
pub(crate) fn killed_while_sending() -> String {
    (0..100)
        .find_map(|steps| {
            killed_after(steps, good())
                .filter(|(_, saved)| Snapshot::from_json(saved).unwrap().in_doubt())
        })
        .unwrap()
        .1
}

#[test]
fn killed_at_any_step_it_continues_and_sends_one_message_with_equal_bytes() {
    let mut steps = 0;
    while let Some((before, saved)) = killed_after(steps, good()) {
        steps += 1;
        assert!(steps < 100, "no end");
        let answered = before.seen.len();
        // A chunk that was handed out may not have been accepted, so it is sent again.
        let acked =
            serde_json::from_str::<serde_json::Value>(&saved).unwrap()["job"]["upload"]["acked"]
                .as_u64();
        let rest = match acked {
            Some(acked) => good()[usize::try_from(acked).unwrap()..].to_vec(),
            None => vec![sent()],
        };
        let mut harness = Harness::new(jpeg(LEN), rest);
        let mut flow = resume(&saved, seconds_later(30));
        // If the job is killed again at once, nothing is lost.
        assert_eq!(flow.snapshot().unwrap().to_json(), saved);
        let sent: Sent = harness.run(&mut flow).unwrap();
        assert_eq!(sent.uploaded.as_ref().unwrap().media_id.as_str(), "@m");
        let all: Vec<_> = before.seen.iter().chain(&harness.seen).collect();
        let requests: Vec<_> =
            all.iter().filter_map(|seen| seen.field("uploadmediarequest")).collect();
        assert!(
            requests.iter().all(|request| *request == requests[0]),
            "one text for all chunks, before and after"
        );
        let mut chunks: Vec<_> = all.iter().filter_map(|seen| seen.field("chunk")).collect();
        chunks.dedup();
        assert_eq!(chunks, ["0", "1", "2"], "after {steps} steps and {answered} requests");
        let ids: Vec<_> = all
            .iter()
            .filter(|seen| seen.endpoint() == "webwxsendmsgimg")
            .map(|seen| seen.json()["Msg"]["ClientMsgId"].as_str().unwrap().to_owned())
            .collect();
        assert!(ids.iter().all(|id| *id == sent.local_id.as_str()), "one message id");
    }
    assert!(steps > 15, "every step was tried: {steps}");
}

#[test]
fn killed_again_it_continues_from_there() {
    let at = |saved: &str, acked: u64| {
        let saved: serde_json::Value = serde_json::from_str(saved).unwrap();
        saved["job"]["upload"]["acked"] == acked
    };
    let saved = (0..100)
        .find_map(|steps| killed_after(steps, good()).filter(|(_, saved)| at(saved, 1)))
        .unwrap()
        .1;
    let again = (0..100).find_map(|steps| {
        let mut harness = Harness::new(jpeg(LEN), good()[1..].to_vec());
        harness.steps_left = steps;
        let _ = harness.run_until_killed(&mut resume(&saved, seconds_later(5)));
        harness.saved.filter(|saved| at(saved, 2))
    });
    let mut harness = Harness::new(jpeg(LEN), good()[2..].to_vec());
    harness.run(&mut resume(&again.unwrap(), seconds_later(10))).unwrap();
    assert_eq!(harness.seen[0].field("chunk").as_deref(), Some("2"));
}

#[test]
fn a_message_that_left_long_ago_is_unknown_unless_it_is_requested() {
    let saved = killed_while_sending();
    for (seconds, recent) in [(59, true), (60, true), (61, false), (86_400, false)] {
        let mut harness = Harness::new("", [sent()]);
        let result = harness.run(&mut resume(&saved, seconds_later(seconds)));
        assert_eq!(result.is_ok(), recent, "{seconds} s later");
        if let Err(error) = result {
            assert_eq!((error.outcome(), harness.seen.len()), (Outcome::Unknown, 0));
            let mut harness = Harness::new("", [sent()]);
            let at = ResumeOptions { resend: true, ..seconds_later(seconds) };
            let sent = harness.run(&mut resume(&saved, at)).unwrap();
            assert_eq!(Some(&sent.local_id), error.local_id.as_ref());
        }
    }
    // If the clock was set back, the age is unknown.
    let before =
        ResumeOptions { unix_ms: Some(UnixMs::new(SEED.unix_ms.get() - 1000)), resend: false };
    let error = Harness::new("", []).run(&mut resume(&saved, before)).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[test]
fn a_resumed_message_stays_in_doubt_whatever_the_next_verdict() {
    let saved = killed_while_sending();
    let error =
        Harness::new("", [ret(1205)]).run(&mut resume(&saved, seconds_later(5))).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let error = Harness::new("", vec![unreachable(); 4])
        .run(&mut resume(&saved, seconds_later(5)))
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[test]
fn the_time_of_the_hand_out_is_counted_from_the_start_of_the_job() {
    // Two chunks fail until their last try, so the message leaves seconds after the start.
    let answers = [
        dropped(),
        dropped(),
        middle(),
        dropped(),
        dropped(),
        middle(),
        last("@m", LEN),
        dropped(),
    ];
    let mut harness = Harness::new(jpeg(LEN), answers);
    let start = harness.now;
    let mut flow = new();
    harness.steps_left = 24;
    assert!(harness.run_until_killed(&mut flow).is_none());
    let saved: serde_json::Value = serde_json::from_str(&harness.saved.unwrap()).unwrap();
    let first_left = saved["job"]["message"]["handed_out_ms"].as_u64().unwrap();
    let message = harness.seen.iter().find(|seen| seen.endpoint() == "webwxsendmsgimg").unwrap();
    assert_eq!(u128::from(first_left - SEED.unix_ms.get()), (message.at - start).as_millis());
    assert_eq!(first_left - SEED.unix_ms.get(), 6000);
}

#[test]
fn a_clear_outcome_is_saved_as_clear() {
    let after = |answers: Vec<Answer>| {
        let mut harness = Harness::new(
            jpeg(LEN),
            [middle(), middle(), last("@m", LEN)].into_iter().chain(answers),
        );
        let mut flow = new();
        let result = harness.run(&mut flow);
        (result, flow.snapshot())
    };
    let (_, saved) = after(vec![ret(1205)]);
    assert!(!saved.unwrap().in_doubt(), "a refused message may be sent again");
    let (_, saved) = after(vec![unreachable(); 4]);
    assert!(!saved.unwrap().in_doubt());
    let (result, saved) = after(vec![dropped(); 4]);
    assert_eq!(result.unwrap_err().outcome(), Outcome::Unknown);
    assert!(saved.unwrap().in_doubt());
    let (result, saved) = after(vec![sent()]);
    assert!(result.is_ok() && saved.is_none(), "the job is over");
}

#[test]
fn another_image_another_login_or_another_version_is_refused() {
    let (_, saved) = killed_after(7, good()).unwrap();
    let mut other = jpeg(LEN).to_vec();
    other[LEN - 1] ^= 1;
    let error = Harness::new(other, []).run(&mut resume(&saved, seconds_later(5))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::OtherMedia);

    let resumed = |session: &Session, saved: &str| {
        let snapshot = Snapshot::from_json(saved)?;
        SendMessage::resume(session, snapshot, Policy::default(), seconds_later(5)).map(|_| ())
    };
    let builder = Session::builder("https://wx.qq.com")
        .uin(2_272_112_421)
        .skey("other")
        .user_name("@me")
        .data_ticket("t");
    assert_eq!(
        resumed(&builder.clone().sid("other").build().unwrap(), &saved),
        Err(ResumeError::OtherLogin)
    );
    assert_eq!(
        resumed(&builder.clone().sid("sid").uin(7).build().unwrap(), &saved),
        Err(ResumeError::OtherLogin)
    );
    // The skey may change within a login.
    assert_eq!(resumed(&builder.sid("sid").build().unwrap(), &saved), Ok(()));

    let edited = |edit: fn(&mut serde_json::Value)| {
        let mut json = serde_json::from_str(&saved).unwrap();
        edit(&mut json);
        resumed(&session(), &json.to_string())
    };
    assert_eq!(edited(|json| json["version"] = 2.into()), Err(ResumeError::Version(2)));
    assert_eq!(
        edited(|json| json["job"]["upload"]["acked"] = 3.into()),
        Err(ResumeError::TooManyChunks { acked: 3 })
    );
    assert_eq!(
        edited(|json| json["job"]["upload"]["media"]["len"] = 0.into()),
        Err(ResumeError::Media(MediaError::Empty))
    );
    assert_eq!(
        edited(|json| json["job"]["upload"]["media"]["format"] = "webm".into()),
        Err(ResumeError::NotASnapshot)
    );
    assert_eq!(edited(|json| json["job"] = 1.into()), Err(ResumeError::NotASnapshot));
    assert_eq!(resumed(&session(), "no json"), Err(ResumeError::NotASnapshot));
}

#[test]
fn a_server_that_has_forgotten_the_first_chunks_makes_it_start_over_once() {
    let (_, saved) = (0..100)
        .find_map(|steps| {
            killed_after(steps, good()).filter(|(harness, _)| harness.seen.len() == 2)
        })
        .unwrap();
    for refused in [ret(1), ret(-1), middle()] {
        let is_middle = matches!(&refused, Answer::Reply(_, _, body)
            if body.starts_with(b"{\"BaseResponse\":{\"Ret\":0"));
        // Refused at once, or with an empty MediaId in the last reply.
        let first = if is_middle { vec![middle(), refused.clone()] } else { vec![refused.clone()] };
        let answers = first.into_iter().chain(good());
        let mut harness = Harness::new(jpeg(LEN), answers);
        let sent = harness.run(&mut resume(&saved, seconds_later(5))).unwrap();
        assert_eq!(sent.uploaded.as_ref().unwrap().chunks, 3);
        let last = harness.seen[harness.seen.len() - 2].upload_request();
        assert_eq!(last["ClientMediaId"].as_u64(), Some(SEED.unix_ms.get() + 1));
    }
    let mut harness = Harness::new(jpeg(LEN), [ret(1), ret(1)]);
    let error = harness.run(&mut resume(&saved, seconds_later(5))).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Reply(ReplyError::Refused { .. })));
    // The upload does not start over if that would not help.
    for code in [1100, 1205] {
        let mut harness = Harness::new(jpeg(LEN), [ret(code)]);
        let error: Error = harness.run(&mut resume(&saved, seconds_later(5))).unwrap_err();
        assert_eq!((error.ret().unwrap().0, harness.seen.len()), (code.into(), 1));
    }
}

#[test]
fn an_upload_above_the_checks_limit_continues_with_its_saved_ticket() {
    let bytes = jpeg(LEN);
    let mut policy = Policy::default();
    policy.check_above = 1;
    let ticket =
        || ok(r#"{"BaseResponse":{"Ret":0},"MediaId":"","AESKey":"aes","Signature":"sig"}"#);
    let mut flow =
        SendMessage::media(&session(), media(&bytes), to(), SEED, policy.clone()).unwrap();
    let mut harness = Harness::new(bytes.clone(), [ticket(), middle()]);
    harness.steps_left = 10;
    assert!(harness.run_until_killed(&mut flow).is_none());
    let saved = harness.saved.unwrap();
    let mut flow = SendMessage::resume(
        &session(),
        Snapshot::from_json(&saved).unwrap(),
        policy,
        seconds_later(5),
    )
    .unwrap();
    let mut harness = Harness::new(bytes, good()[1..].to_vec());
    harness.run(&mut flow).unwrap();
    assert_eq!(harness.seen[0].field("chunk").as_deref(), Some("1"));
    assert_eq!(harness.seen[0].upload_request()["Signature"], "sig");
    let message = harness.seen.last().unwrap().json();
    assert_eq!(message["Msg"]["MediaId"], "@m");
    assert_eq!(message["Msg"]["Signature"], "sig");

    // A file of exactly the limit is not checked, so the upload does not start over.
    let saved = (0..100).find_map(|steps| {
        killed_after(steps, good()).filter(|(harness, _)| harness.seen.len() == 2)
    });
    let mut policy = Policy::default();
    policy.check_above = LEN as u64;
    let snapshot = Snapshot::from_json(saved.unwrap().1).unwrap();
    let mut flow = SendMessage::resume(&session(), snapshot, policy, seconds_later(5)).unwrap();
    let mut harness = Harness::new(jpeg(LEN), good()[1..].to_vec());
    harness.run(&mut flow).unwrap();
    assert_eq!(harness.seen[0].field("chunk").as_deref(), Some("1"));
}
