use super::*;

#[test]
fn cancelling_is_honest_about_a_message() {
    let mut flow = send_image(12);
    flow.cancel();
    let Action::Done(Err(error)) = flow.poll(&mut session(), NOW) else { panic!() };
    assert_eq!((error.kind, flow.progress().in_doubt), (ErrorKind::Cancelled, false));

    let mut flow = message();
    assert!(!flow.progress().in_doubt, "nothing has left yet");
    let _ = flow.poll(&mut session(), NOW);
    assert!(flow.progress().in_doubt);
    flow.cancel();
    let Action::Done(Err(error)) = flow.poll(&mut session(), NOW) else { panic!() };
    assert_eq!((error.outcome(), flow.progress().in_doubt), (Outcome::Unknown, false));

    let mut flow = send_image(12);
    let mut harness = Harness::new(jpeg(12), [last("@m", 12)]);
    // Four steps: one read, the chunk, its reply, and the message.
    harness.steps_left = 4;
    assert!(harness.run_until_killed(&mut flow).is_none());
    flow.cancel();
    let Action::Done(Err(error)) = flow.poll(&mut session(), NOW) else { panic!() };
    assert_eq!((error.step, error.outcome()), (Step::Message, Outcome::Unknown));

    // A message is equally in doubt during the wait for its next try, unless the client has never
    // connected.
    for (error, doubt) in [
        (TransportError::on_the_way(TransportErrorKind::Stalled), true),
        (TransportError::never_connected(TransportErrorKind::Connect), false),
    ] {
        let mut flow = message();
        let id = sent_id(&flow.poll(&mut session(), NOW));
        flow.handle(Input::Failed(id, error), NOW).unwrap();
        assert_eq!(flow.progress().in_doubt, doubt);
        assert_eq!(
            flow.handle(Input::Failed(id, error), NOW),
            Err(UnexpectedInput),
            "answered already"
        );
        flow.cancel();
        let Action::Done(Err(error)) = flow.poll(&mut session(), NOW) else { panic!() };
        assert_eq!(error.outcome() == Outcome::Unknown, doubt);
    }

    let mut flow = message();
    let done = Harness::new("", [sent()]).run(&mut flow);
    flow.cancel();
    let Action::Done(still) = flow.poll(&mut session(), NOW) else { panic!() };
    assert_eq!(still, done, "a finished job stays finished");

    let mut flow = fetch();
    flow.cancel();
    assert!(matches!(
        flow.poll(&mut session(), NOW),
        Action::Done(Err(Error { kind: ErrorKind::Cancelled, .. }))
    ));
}
