//! Line 11 of the contract: a reused connection turns out to be closed. `Harness` checks for every
//! job that the same request follows on a new connection.

use std::time::Duration;

use wx_proto::flow::{
    Action, CallId, ExchangeSummary, FetchImage, Flow, Input, Logout, NextMessages, ResumeOptions,
    SendMessage, Snapshot, Trace, TransportError, TransportErrorKind, UnexpectedInput,
};
use wx_proto::http::Response;
use wx_proto::{Error, ErrorKind, ImageVariant, MsgId, Outcome, Policy, Sent};

use wx_testing::harness::*;

const NOW: Duration = Duration::from_secs(5);

fn message(policy: Policy) -> SendMessage {
    let mut flow = upload(&jpeg(12), &Policy::default()).unwrap();
    let uploaded = Harness::new(jpeg(12), [last("@m", 12)]).run(&mut flow).unwrap();
    SendMessage::uploaded(&session(), uploaded, to(), SEED, policy).unwrap()
}

/// Returns a policy with one try each: a repeat on a new connection must not count as a try.
fn one_try() -> Policy {
    let mut policy = Policy::default();
    (policy.chunk_tries, policy.message_tries, policy.fetch_tries) = (1, 1, 1);
    policy
}

fn fetch(policy: Policy) -> FetchImage {
    let id = MsgId::new("7").unwrap();
    FetchImage::new(&session(), id, ImageVariant::Original, false, SEED, policy).unwrap()
}

fn run(
    policy: Policy,
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<Sent, Error>) {
    let mut harness = Harness::new("", answers);
    let result = harness.run(&mut message(policy));
    (harness, result)
}

fn send<T>(action: Action<T>) -> (CallId, bool) {
    match action {
        Action::Send(id, request) => (id, request.limits().new_connection),
        _ => panic!("not a request"),
    }
}

#[test]
fn the_repeat_is_not_a_try_and_needs_no_pause() {
    let (harness, result) = run(one_try(), [closed(), sent()]);
    assert_eq!(result.unwrap().msg_id.as_str(), "1036723910963469192");
    assert_eq!((harness.pauses(), harness.seen[1].body()), (vec![0], harness.seen[0].body()));

    let bytes = jpeg(CHUNK + 1);
    let mut policy = one_try();
    (policy.check_above, policy.browser_parity) = (0, true);
    let checked = ok(r#"{"BaseResponse":{"Ret":0},"MediaId":"","Signature":"s","AESKey":"k"}"#);
    // Three pings, the check, the preflight, two chunks, and the message.
    let good = [ok(""), ok(""), ok(""), checked, ok(""), middle(), last("@m", CHUNK + 1), sent()];
    let answers = good.into_iter().flat_map(|answer| [closed(), answer]);
    let mut harness = Harness::new(bytes.clone(), answers);
    let mut flow = SendMessage::media(&session(), media(&bytes), to(), SEED, policy).unwrap();
    assert_eq!(harness.run(&mut flow).unwrap().uploaded.as_ref().unwrap().chunks, 2);
    assert_eq!((harness.seen.len(), harness.pauses().iter().sum::<u64>()), (16, 0));

    let image = Answer::Reply(200, vec![("content-length", "60".into())], jpeg(60));
    let mut harness = Harness::new("", [closed(), image]);
    assert_eq!(harness.run(&mut fetch(one_try())).unwrap().bytes, 60);
    assert_eq!((harness.pauses(), harness.stored), (vec![0], jpeg(60).to_vec()));
}

#[test]
fn each_try_has_one_and_the_waits_are_those_of_the_tries() {
    let (harness, result) = run(Policy::default(), vec![vec![closed(), dropped()]; 4].concat());
    let error = result.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Uncertain { last: Some(_), tries: 4 }), "{error:?}");
    assert_eq!(harness.pauses(), [0, 15, 0, 15, 0, 15, 0]);

    let mut harness = Harness::new("", vec![vec![closed(), dropped()]; 3].concat());
    let error = harness.run(&mut fetch(Policy::default())).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Network { tries: 3, .. }), "{error:?}");
    assert_eq!(harness.pauses(), [0, 1, 0, 2, 0]);

    let bytes = jpeg(12);
    let mut harness = Harness::new(bytes.clone(), vec![vec![closed(), dropped()]; 3].concat());
    let error = harness.run(&mut upload(&bytes, &Policy::default()).unwrap()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Network { tries: 3, .. }), "{error:?}");
    assert_eq!(harness.pauses(), [0, 1, 0, 2, 0]);
}

#[test]
fn a_second_failure_is_an_ordinary_one_whatever_the_driver_says() {
    let (harness, result) = run(Policy::default(), [closed(), closed(), sent()]);
    assert!(result.is_ok());
    assert_eq!(harness.pauses(), [0, 15]);
    let mut harness = Harness::new("", [closed(), closed(), status(404)]);
    harness.run(&mut fetch(Policy::default())).unwrap_err();
    assert_eq!(harness.pauses(), [0, 1]);
}

#[test]
fn a_reused_connection_that_stalls_is_not_closed() {
    let stalled = TransportError {
        kind: TransportErrorKind::Stalled,
        ..TransportError::on_reused_connection()
    };
    let mut flow = message(Policy::default());
    let (id, _) = send(flow.poll(&mut session(), NOW));
    flow.handle(Input::Failed(id, stalled), NOW).unwrap();
    assert!(matches!(flow.poll(&mut session(), NOW), Action::Wait(until)
            if until == NOW + Duration::from_secs(15)));
}

#[test]
fn a_reused_connection_that_replied_is_not_closed() {
    let head = Response::new(()).into_parts().0;
    let mut flow = message(Policy::default());
    let (id, _) = send(flow.poll(&mut session(), NOW));
    flow.handle(Input::Head(id, head.clone()), NOW).unwrap();
    flow.handle(Input::Failed(id, TransportError::on_reused_connection()), NOW).unwrap();
    assert!(matches!(flow.poll(&mut session(), NOW), Action::Wait(_)));

    let mut flow = fetch(Policy::default());
    let (id, _) = send(flow.poll(&mut session(), NOW));
    let head = Response::builder().header("content-length", "60").body(()).unwrap().into_parts().0;
    flow.handle(Input::Head(id, head), NOW).unwrap();
    flow.handle(Input::Failed(id, TransportError::on_reused_connection()), NOW).unwrap();
    assert!(matches!(flow.poll(&mut session(), NOW), Action::Wait(_)));
}

#[test]
fn a_message_that_left_first_may_have_been_delivered() {
    for end in [unreachable(), ret(1205), ret(-1)] {
        let (_, result) = run(one_try(), [closed(), end]);
        assert_eq!(result.unwrap_err().outcome(), Outcome::Unknown);
    }
    let (harness, result) =
        run(Policy::default(), [vec![closed()], vec![unreachable(); 4]].concat());
    let error = result.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Uncertain { tries: 4, .. }), "{error:?}");
    assert_eq!(harness.pauses(), [0, 1, 2, 4]);

    // A server that appends repeated chunks: the upload starts over.
    let bytes = jpeg(CHUNK + 1);
    let odd = last("@odd", 2 * CHUNK + 1);
    let answers = [closed(), middle(), odd, middle(), last("@again", CHUNK + 1)];
    let mut harness = Harness::new(bytes.clone(), answers);
    let uploaded = harness.run(&mut upload(&bytes, &Policy::default()).unwrap()).unwrap();
    assert_eq!(uploaded.media_id.as_str(), "@again");
}

/// Checks lines 2 to 4 for a flow whose first request is sent on a closed connection.
fn assert_steady<F: Flow>(make: impl Fn() -> F) {
    let closed = |id| Input::Failed(id, TransportError::on_reused_connection());
    let failed = || {
        let mut flow = make();
        let (first, new_connection) = send(flow.poll(&mut session(), NOW));
        assert!(!new_connection);
        flow.handle(closed(first), NOW).unwrap();
        (flow, first)
    };
    // The id of the repeat, before the repeat is handed out.
    let (mut twin, _) = failed();
    let (id, new_connection) = send(twin.poll(&mut session(), NOW));
    let (mut flow, first) = failed();
    assert!(new_connection && id > first);
    for id in [first, id] {
        assert_eq!(flow.handle(closed(id), NOW), Err(UnexpectedInput), "nothing is outstanding");
    }
    for _ in 0..2 {
        assert_eq!(send(flow.poll(&mut session(), NOW)), (id, true));
        assert_eq!(flow.handle(closed(first), NOW), Err(UnexpectedInput), "stale");
    }
    flow.handle(Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)), NOW)
        .unwrap();
    let Action::Wait(until) = flow.poll(&mut session(), NOW) else { panic!("the try has failed") };
    let (next, new_connection) = send(flow.poll(&mut session(), until));
    assert!(!new_connection && next > id);
}

#[test]
fn the_repeat_is_an_action_like_any_other() {
    assert_steady(|| fetch(Policy::default()));
    assert_steady(|| message(Policy::default()));
    assert_steady(|| Logout::new(&session(), SEED, Policy::default()).unwrap());
    assert_steady(|| NextMessages::new(&session(), SEED, Policy::default()).unwrap());
}

#[test]
fn a_driver_that_is_dropped_in_the_repeat_of_a_message_loses_a_try() {
    let mut flow = message(Policy::default());
    let (id, _) = send(flow.poll(&mut session(), NOW));
    flow.handle(Input::Failed(id, TransportError::on_reused_connection()), NOW).unwrap();
    for attempt in 1..=4 {
        let (_, new_connection) = send(flow.poll(&mut session(), NOW));
        assert_eq!(
            (new_connection, flow.progress().attempt, flow.progress().in_doubt),
            (true, Some(attempt), true)
        );
    }
    let Action::Done(Err(error)) = flow.poll(&mut session(), NOW) else { panic!("a fifth try") };
    assert_eq!(error.kind, ErrorKind::Uncertain { last: None, tries: 4 });
}

#[test]
fn cancelled_before_the_repeat_the_message_is_in_doubt() {
    for has_left in [false, true] {
        let mut flow = message(Policy::default());
        let (id, _) = send(flow.poll(&mut session(), NOW));
        flow.handle(Input::Failed(id, TransportError::on_reused_connection()), NOW).unwrap();
        if has_left {
            let _ = flow.poll(&mut session(), NOW);
        }
        assert!(flow.progress().in_doubt);
        flow.cancel();
        let Action::Done(Err(error)) = flow.poll(&mut session(), NOW) else { panic!() };
        assert_eq!(error.kind, ErrorKind::Uncertain { last: None, tries: 1 });
    }
    let mut flow = fetch(Policy::default());
    let (id, _) = send(flow.poll(&mut session(), NOW));
    flow.handle(Input::Failed(id, TransportError::on_reused_connection()), NOW).unwrap();
    flow.cancel();
    assert!(matches!(
        flow.poll(&mut session(), NOW),
        Action::Done(Err(Error { kind: ErrorKind::Cancelled, .. }))
    ));
}

#[test]
fn the_time_of_the_first_try_stays() {
    let mut flow = message(one_try()).checkpointed();
    let save = |flow: &mut SendMessage, now| {
        let Action::Save(snapshot) = flow.poll(&mut session(), now) else { panic!() };
        flow.handle(Input::Saved, now).unwrap();
        snapshot.to_json()
    };
    let left = save(&mut flow, NOW);
    let (id, _) = send(flow.poll(&mut session(), NOW));
    let later = NOW + Duration::from_secs(3);
    flow.handle(Input::Failed(id, TransportError::on_reused_connection()), later).unwrap();
    assert_eq!(save(&mut flow, later), left, "the same state, saved before each try");
    send(flow.poll(&mut session(), later));
    assert!(left.contains(&format!("\"handed_out_ms\":{}", SEED.unix_ms)), "{left}");

    let snapshot = Snapshot::from_json(left).unwrap();
    let at = ResumeOptions {
        unix_ms: Some(SEED.unix_ms.saturating_add(Duration::from_secs(5))),
        resend: false,
    };
    let mut harness = Harness::new("", [closed(), sent()]);
    let mut resumed = SendMessage::resume(&session(), snapshot, one_try(), at).unwrap();
    assert!(harness.run(&mut resumed).is_ok());
    assert_eq!(harness.pauses(), [0]);
}

#[test]
fn a_trace_reports_both() {
    let mut reported = Vec::new();
    let mut trace = Trace::new(|exchange: &ExchangeSummary| reported.push(exchange.clone()));
    let mut flow = message(Policy::default());
    let sent =
        Harness::new("", [closed(), sent()]).run_observed(&mut flow, &mut trace, &mut |_, _| {});
    assert!(sent.unwrap().is_ok());
    drop(trace);
    let rows: Vec<_> = reported.iter().map(|one| (one.attempt, one.status, one.error)).collect();
    assert_eq!(
        rows,
        [(Some(1), None, Some(TransportError::on_reused_connection())), (Some(1), Some(200), None)]
    );
}
