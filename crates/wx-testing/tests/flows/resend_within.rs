//! A message that may have been delivered is repeated only within a minute of when it was first
//! handed out.

use std::time::Duration;

use proptest::prelude::*;
use wx_proto::flow::{Flow, ResumeOptions, SendMessage, TransportError, TransportErrorKind};
use wx_proto::{Error, ErrorKind, Outcome, Policy, Sent, UnixMs, Uploaded};

use wx_testing::harness::*;

fn flow() -> SendMessage {
    let uploaded: Uploaded = serde_json::from_value(serde_json::json!({
        "media_id": "@m", "thumbnail": null, "encry_file_name": null, "name": "a.jpg",
        "kind": "image",
        "bytes": 12, "md5": "900150983cd24fb0d6963f7d28e17f72", "chunks": 1,
        "server_byte_count": null
    }))
    .unwrap();
    SendMessage::uploaded(&session(), uploaded, to(), SEED, Policy::default()).unwrap()
}

fn stalled() -> Answer {
    Answer::Fail(TransportError::on_the_way(TransportErrorKind::Stalled))
}

/// Runs a send with these answers, each with the seconds until it arrives.
fn run(answers: &[(Answer, u64)]) -> (Harness, Result<Sent, Error>) {
    let mut harness = Harness::new("", answers.iter().map(|(answer, _)| answer.clone()));
    harness.passing = answers.iter().map(|(_, seconds)| *seconds).collect();
    let result = harness.run(&mut flow());
    (harness, result)
}

#[test]
fn two_stalled_tries_fit_and_a_third_does_not() {
    let (harness, result) = run(&[(stalled(), 20), (stalled(), 20)]);
    let error = result.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Uncertain { last: Some(_), tries: 2 }), "{error:?}");
    assert_eq!((harness.pauses(), error.outcome()), (vec![35], Outcome::Unknown));
    assert_eq!(harness.now, harness.seen[0].at + Duration::from_secs(55), "the job does not wait");
}

#[test]
fn four_dropped_tries_fit() {
    let (harness, result) = run(&[(dropped(), 0), (dropped(), 5), (dropped(), 5), (sent(), 1)]);
    assert!(result.is_ok());
    assert_eq!(harness.pauses(), [15, 20, 20]);
}

#[test]
fn a_computer_that_slept_sends_nothing_again() {
    // The computer sleeps while it waits for the reply. The reused connection would be retried at
    // once.
    for answer in [dropped(), closed()] {
        let (harness, result) = run(&[(answer, 3600)]);
        let error = result.unwrap_err();
        assert_eq!((harness.seen.len(), error.outcome()), (1, Outcome::Unknown));
    }
    // The computer sleeps during the wait before the next try, so the driver wakes up late.
    let mut flow = flow();
    let mut harness = Harness::new("", [dropped()]);
    harness.steps_left = 1;
    assert!(harness.run_until_killed(&mut flow).is_none());
    harness.steps_left = 10;
    harness.now += Duration::from_secs(61);
    let error = harness.run(&mut flow).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Uncertain { last: Some(_), tries: 1 }), "{error:?}");
}

#[test]
fn another_driver_that_takes_over_late_sends_nothing() {
    for (later, leaves_again) in [(60, true), (61, false)] {
        let mut flow = flow();
        let mut harness = Harness::new("", [sent()]);
        harness.steps_left = 0;
        assert!(
            harness.run_until_killed(&mut flow).is_none(),
            "it left, and the driver was dropped"
        );
        harness.steps_left = 10;
        harness.now += Duration::from_secs(later);
        assert_eq!(harness.run(&mut flow).is_ok(), leaves_again);
        assert_eq!(harness.seen.len(), usize::from(leaves_again));
    }
}

#[test]
fn a_resumed_message_has_the_rest_of_its_minute() {
    let mut harness = Harness::new("", [sent()]);
    harness.steps_left = 0;
    assert!(harness.run_until_killed(&mut flow()).is_none());
    let saved = wx_proto::flow::Snapshot::from_json(harness.saved.unwrap()).unwrap();
    let at = |seconds: i64, resend| ResumeOptions {
        unix_ms: Some(UnixMs::new(SEED.unix_ms.get().saturating_add_signed(seconds * 1000))),
        resend,
    };
    let resume =
        |at| SendMessage::resume(&session(), saved.clone(), Policy::default(), at).unwrap();

    assert!(!resume(at(60, false)).is_over() && !resume(at(9000, true)).is_over());
    assert!([at(61, false), at(-1, false)].into_iter().all(|at| resume(at).is_over()));
    let mut harness = Harness::new("", [dropped(), dropped()]);
    let error = harness.run(&mut resume(at(40, false))).unwrap_err();
    assert_eq!((harness.pauses(), error.outcome()), (vec![15], Outcome::Unknown));

    // If the clock was set back, the age is unknown.
    let error = Harness::new("", []).run(&mut resume(at(-1, false))).unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);

    // The age is also unknown if the clock is not set, now or when the message was handed out.
    let error = Harness::new("", [])
        .run(&mut resume(ResumeOptions { unix_ms: None, resend: false }))
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let text = saved.to_json().replace(&SEED.unix_ms.to_string(), "0");
    let unset = wx_proto::flow::Snapshot::from_json(text).unwrap();
    assert!(unset.in_doubt());
    for unix_ms in [0, 1, 60_000] {
        let at = ResumeOptions { unix_ms: Some(UnixMs::new(unix_ms)), resend: false };
        let mut flow =
            SendMessage::resume(&session(), unset.clone(), Policy::default(), at).unwrap();
        assert_eq!(Harness::new("", []).run(&mut flow).unwrap_err().outcome(), Outcome::Unknown);
    }

    // If the user asks for it, the message may be sent for another minute.
    let mut harness = Harness::new("", [dropped(), dropped(), dropped(), sent()]);
    assert!(harness.run(&mut resume(at(9000, true))).is_ok());
    assert_eq!(harness.pauses(), [15, 15, 15]);
    // Saving the job again does not change its age.
    assert_eq!(resume(at(9000, true)).snapshot().unwrap(), saved);
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        4 => Just(stalled()),
        4 => Just(dropped()),
        2 => Just(closed()),
        2 => Just(unreachable()),
        1 => Just(status(502)),
        1 => Just(ok("")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_takes_however_long(script in prop::collection::vec((answers(), 0..70u64), 8)) {
        let (harness, result) = run(&script);
        let first = harness.seen.iter().find(|seen| seen.may_be_delivered());
        if let Some(first) = first {
            let last = harness.seen.last().unwrap();
            prop_assert!(last.at - first.at <= Duration::from_secs(60));
        }
        let unknown = result.unwrap_err().outcome() == Outcome::Unknown;
        prop_assert_eq!(unknown, first.is_some());
    }
}
