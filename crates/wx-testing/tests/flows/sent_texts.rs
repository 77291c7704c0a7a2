//! Texts are messages without an upload, with all guarantees of messages
//! ([P61](wx_proto::protocol#p61)–[P64](wx_proto::protocol#p64)).

use wx_proto::flow::{Flow, ResumeOptions, SendMessage, Snapshot};
use wx_proto::{Advice, ErrorKind, InlineContent, Outcome, Policy, RequestError, Step, Text};

use wx_testing::harness::{Answer, Harness, SEED, dropped, ret, sent, session, to, unreachable};

fn flow(text: &str) -> SendMessage {
    SendMessage::inline(&session(), text, to(), SEED, Policy::default()).unwrap()
}

fn run(answers: impl IntoIterator<Item = Answer>) -> (Harness, Result<wx_proto::Sent, ErrorKind>) {
    let mut harness = Harness::new("", answers);
    let end = harness.run(&mut flow("hello")).map_err(|error| error.kind);
    (harness, end)
}

#[test]
fn p61_a_text_is_one_call_and_has_no_upload() {
    let (harness, end) = run([sent()]);
    let sent = end.unwrap();
    assert_eq!((sent.uploaded, &sent.local_id), (None, &flow("hello").local_id()));
    assert_eq!(harness.endpoints(), ["webwxsendmsg"]);
    assert_eq!(harness.seen[0].json()["Msg"]["Content"], "hello");
}

#[test]
fn p62_a_text_is_sent_as_it_is() {
    let text = " \t\n<b> &amp; \"c\" \\ \u{a0}\u{2028}好😄\u{fe0f}\r\n ";
    let mut harness = Harness::new("", [sent()]);
    harness.run(&mut flow(text)).unwrap();
    assert_eq!(harness.seen[0].json()["Msg"]["Content"], text);
    let body = String::from_utf8(harness.seen[0].body()).unwrap();
    assert!(body.contains("\u{a0}\u{2028}好😄\u{fe0f}") && !body.contains("\\u"), "{body}");
}

#[test]
fn p63_an_empty_text_ends_before_any_request() {
    let refused = SendMessage::inline(&session(), Text::new(""), to(), SEED, Policy::default());
    let error = refused.unwrap_err();
    assert_eq!((error.step, error.kind.clone()), (Step::Prepare, RequestError::EmptyText.into()));
    assert_eq!((error.outcome(), error.advice()), (Outcome::NotSent, Advice::WriteText));
    assert_eq!(error.to_string(), "the text is empty");
}

#[test]
fn p63_a_text_of_100_000_characters_is_sent_completely() {
    let text = "好".repeat(100_000);
    let mut harness = Harness::new("", [sent()]);
    harness.run(&mut flow(&text)).unwrap();
    assert_eq!(harness.seen[0].json()["Msg"]["Content"], text);
}

#[test]
fn a_text_without_a_clear_answer_is_repeated_with_its_ids_or_is_in_doubt() {
    let (harness, end) = run([unreachable(), dropped(), sent()]);
    assert!(end.is_ok());
    assert!(harness.seen.iter().all(|seen| seen.body() == harness.seen[0].body()));
    let (_, end) = run([dropped(), ret(1)]);
    assert!(matches!(end, Err(ErrorKind::Uncertain { .. })), "{end:?}");
    let (harness, end) = run([ret(1205)]);
    assert!(matches!(end, Err(ErrorKind::Reply(_))), "{end:?}");
    assert_eq!(harness.seen.len(), 1);
}

/// If the job is killed after any step and resumed, the text is sent once, with the same bytes.
#[test]
fn a_text_outlives_a_crash() {
    let mut resumed = 0;
    for steps in 1..10 {
        let mut killed = Harness::new("", [sent()]);
        killed.steps_left = steps;
        killed.run_until_killed(&mut flow("hello"));
        let Some(saved) = killed.saved.clone() else { continue };
        let snapshot = Snapshot::from_json(saved).unwrap();
        assert_eq!(snapshot.inline(), Some(&InlineContent::from("hello")));
        assert!(!snapshot.needs_media() && snapshot.uploaded().is_none());
        let at = ResumeOptions { unix_ms: Some(SEED.unix_ms), resend: false };
        let mut flow = SendMessage::resume(&session(), snapshot, Policy::default(), at).unwrap();
        let mut harness = Harness::new("", [sent()]);
        harness.run(&mut flow).unwrap();
        let mut all = killed.seen.iter().chain(&harness.seen);
        let first = all.next().unwrap().body();
        assert!(all.all(|seen| seen.body() == first));
        resumed += 1;
    }
    assert!(resumed > 1, "{resumed}");
}

#[test]
fn neither_progress_nor_debug_shows_the_text() {
    let flow = flow("a secret thought");
    assert_eq!(flow.progress().total, None);
    for shown in [format!("{flow:?}"), format!("{:?}", flow.progress())] {
        assert!(!shown.contains("thought"), "{shown}");
    }
}
