//! Jobs that save their state while they run.

use wx_proto::flow::{Flow, Input, UnexpectedInput};
use wx_proto::{ErrorKind, Outcome, Ret};
use wx_testing::harness::*;

use super::resume::{LEN, good, killed_while_sending, new, resume, seconds_later};

#[test]
fn every_state_is_saved_once_and_before_it_is_acted_on() {
    let mut flow = new().checkpointed();
    let mut harness = Harness::new(jpeg(LEN), good());
    let mut left = Vec::new();
    let sent = harness.run_inspected(&mut flow, |flow, message| {
        let snapshot = flow.snapshot().unwrap();
        assert_eq!(snapshot.in_doubt(), message);
        left.push(snapshot);
    });
    assert!(sent.is_some_and(|sent| sent.is_ok()));
    let states = harness.checkpoints;
    // The states: begun, hashed, one chunk accepted, two chunks accepted, message handed out.
    assert!(
        states.len() == 5 && states.windows(2).all(|pair| pair[0] != pair[1]),
        "{}",
        states.len()
    );
    assert!(
        left.iter().all(|left| states.contains(left)),
        "a message leaves only after it was saved"
    );
}

#[test]
fn a_cancelled_job_can_be_saved_and_taken_up() {
    let mut flow = new().checkpointed();
    flow.cancel();
    assert_eq!(Harness::new(jpeg(LEN), []).run(&mut flow).unwrap_err().kind, ErrorKind::Cancelled);
    let saved = flow.snapshot().unwrap().to_json();
    let sent = Harness::new(jpeg(LEN), good()).run(&mut resume(&saved, seconds_later(5)));
    assert_eq!(sent.unwrap().uploaded.as_ref().unwrap().chunks, 3);
}

#[test]
fn a_state_that_cannot_be_saved_is_not_acted_on() {
    for good_saves in 0..=5 {
        let mut flow = new().checkpointed();
        let mut harness = Harness::new(jpeg(LEN), good());
        harness.saves_left = good_saves;
        match harness.run(&mut flow) {
            Ok(_) => assert_eq!(good_saves, 5),
            Err(error) => {
                assert!(good_saves < 5);
                assert!(matches!(error.kind, ErrorKind::Source(_)), "{error:?}");
                assert_eq!((error.outcome(), harness.messages()), (Outcome::NotSent, 0));
                assert!(!flow.progress().in_doubt);
                assert!(flow.snapshot().is_none_or(|snapshot| !snapshot.in_doubt()));
                // The job is over: it saves nothing and does nothing more.
                assert_eq!(flow.handle(Input::Written, harness.now), Err(UnexpectedInput));
                flow.cancel();
                assert_eq!(harness.run(&mut flow).unwrap_err(), error);
            }
        }
    }
}

#[test]
fn a_state_that_cannot_be_saved_takes_nothing_back() {
    // A message in doubt stays in doubt, whatever its age, and can be resumed again.
    let saved = killed_while_sending();
    for seconds in [5, 500] {
        let mut flow = resume(&saved, seconds_later(seconds)).checkpointed();
        let mut harness = Harness::new(jpeg(LEN), []);
        harness.saves_left = 0;
        let error = harness.run(&mut flow).unwrap_err();
        assert_eq!(
            (error.outcome(), harness.seen.len()),
            (Outcome::Unknown, 0),
            "{seconds} s: {error:?}"
        );
        assert!(error.uploaded.is_some() && error.local_id.is_some());
        assert!(flow.snapshot().is_some_and(|snapshot| snapshot.in_doubt()), "{seconds} s");
    }
    let run = |answers: [Answer; 4], saves| {
        let mut harness = Harness::new(jpeg(LEN), answers);
        harness.saves_left = saves;
        harness.run(&mut new().checkpointed()).unwrap_err()
    };
    // A refusal stays a refusal, although the state that records it could not be saved.
    let error = run([middle(), middle(), last("@m", LEN), ret(1205)], 5);
    assert_eq!((error.ret(), error.outcome()), (Some(Ret(1205)), Outcome::NotSent));
    // The error contains the completed upload.
    let error = run(good(), 4);
    assert_eq!((error.outcome(), error.uploaded.is_some()), (Outcome::NotSent, true));
}
