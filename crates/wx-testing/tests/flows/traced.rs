use std::time::Duration;

use wx_proto::endpoint::batch_get_contact::BatchGetContact;
use wx_proto::flow::{Action, ExchangeSummary, Flow, Input, Observer, OneCall, Trace};
use wx_proto::{Error, ErrorKind, Policy, Ret, Step};

use wx_testing::harness::*;

/// Runs a flow and returns the reported exchanges.
fn trace<F: Flow<Output = Result<T, Error>>, T>(
    harness: &mut Harness,
    mut flow: F,
) -> Vec<ExchangeSummary> {
    let mut reported = Vec::new();
    let mut trace = Trace::new(|exchange: &ExchangeSummary| reported.push(exchange.clone()));
    let _ = harness.run_observed(&mut flow, &mut trace, &mut |_, _| {});
    drop(trace);
    reported
}

#[test]
fn every_exchange_is_reported_once_with_its_sizes_and_codes() {
    let bytes = jpeg(CHUNK + 1);
    let answers = [dropped(), middle(), status(503), last("@m", CHUNK + 1)];
    let mut harness = Harness::new(bytes.clone(), answers);
    let reported = trace(&mut harness, upload(&bytes, &Policy::default()).unwrap());
    let rows: Vec<_> = reported
        .iter()
        .map(|one| (one.chunk.map(|chunk| chunk.index), one.attempt, one.status, one.ret))
        .collect();
    let ok = Some(Ret(0));
    let expected = [
        (Some(0), Some(1), None, None),
        (Some(0), Some(2), Some(200), ok),
        (Some(1), Some(1), Some(503), None),
        (Some(1), Some(2), Some(200), ok),
    ];
    assert_eq!(rows, expected);
    for (one, seen) in reported.iter().zip(&harness.seen) {
        assert_eq!(
            (one.step, one.endpoint, one.method.as_str()),
            (Step::Upload, "webwxuploadmedia", "POST")
        );
        assert_eq!(one.request_bytes, seen.http().body().content_len());
    }
    assert!(reported[0].error.is_some() && reported[0].reply_bytes == 0);
    assert!(reported[1].error.is_none() && reported[1].reply_bytes > 50);
}

#[test]
fn two_flows_driven_by_one_are_reported_as_two_exchanges() {
    // Both exchanges start with the same id, and only calls are observed in between.
    let mut reported = Vec::new();
    let mut trace = Trace::new(|exchange: &ExchangeSummary| reported.push(exchange.ret));
    let mut harness = Harness::new("", []);
    let now = harness.now;
    let session = harness.session.clone();
    let call = || {
        let name = [wx_proto::UserName::new("@a").unwrap()];
        let call = BatchGetContact::new(name, SEED);
        OneCall::new(call, &session, SEED, Policy::default())
    };
    for code in [1101, 1102] {
        let mut flow = call();
        let action = flow.poll(&mut harness.session, now);
        trace.on_action(&flow, &action, now);
        let Action::Send(id, _) = action else { panic!() };
        let Answer::Reply(_, _, body) = ret(code) else { unreachable!() };
        let (head, ()) = wx_proto::http::Response::new(()).into_parts();
        for input in [Input::Head(id, head), Input::Body(id, body), Input::End(id)] {
            Observer::<OneCall<BatchGetContact>>::on_input(&mut trace, &input, now);
            flow.handle(input, now).unwrap();
        }
    }
    drop(trace);
    assert_eq!(reported, [Some(Ret(1101)), Some(Ret(1102))]);
}

#[test]
fn a_refusal_is_reported_with_its_ret_and_nothing_else_of_it() {
    let bytes = jpeg(100);
    let mut harness = Harness::new(bytes.clone(), [ret(1205)]);
    let reported = trace(&mut harness, upload(&bytes, &Policy::default()).unwrap());
    let [one] = &reported[..] else { panic!("{reported:?}") };
    assert_eq!(one.ret, Some(Ret(1205)));
    assert!(!format!("{one:?}").contains("foreign"));
}

#[test]
fn the_ret_of_a_long_answer_is_reported_and_a_longer_one_has_none() {
    let bytes = jpeg(100);
    let refused = |len: usize| {
        let head = r#"{"BaseResponse":{"Ret":1,"ErrMsg":""#;
        ok([head.as_bytes(), &vec![b'x'; len - head.len() - 3], b"\"}}"].concat())
    };
    let limit = 64 * 1024;
    for (len, expected) in [(limit, Some(Ret(1))), (limit + 1, None)] {
        let mut harness = Harness::new(bytes.clone(), [refused(len)]);
        harness.piece = 1000;
        let reported = trace(&mut harness, upload(&bytes, &Policy::default()).unwrap());
        assert_eq!((reported[0].reply_bytes, reported[0].ret), (len as u64, expected));
    }
}

#[test]
fn a_request_that_leaves_twice_is_reported_once_and_a_cancelled_one_too() {
    let bytes = jpeg(100);
    let mut reported = Vec::new();
    let mut flow = upload(&bytes, &Policy::default()).unwrap();
    let mut trace = Trace::new(|exchange: &ExchangeSummary| reported.push(exchange.clone()));
    let mut harness = Harness::new(bytes, []);
    // After one read, the next request is handed out but never sent.
    harness.steps_left = 1;
    for _ in 0..2 {
        assert!(harness.run_observed(&mut flow, &mut trace, &mut |_, _| {}).is_none());
    }
    flow.cancel();
    harness.steps_left = 1;
    let ended = harness.run_observed(&mut flow, &mut trace, &mut |_, _| {}).unwrap();
    assert_eq!(ended.unwrap_err().kind, ErrorKind::Cancelled);
    drop(trace);
    assert_eq!((reported.len(), reported[0].status, reported[0].error), (1, None, None));
}

#[test]
fn an_exchange_that_is_left_in_the_middle_is_reported_too() {
    let bytes = jpeg(100);
    let mut harness = Harness::new(bytes.clone(), [middle()]);
    // The program stops after one read and the request.
    harness.steps_left = 2;
    let reported = trace(&mut harness, upload(&bytes, &Policy::default()).unwrap());
    let [one] = &reported[..] else { panic!("{reported:?}") };
    assert_eq!(
        (one.status, one.ret, one.error, one.duration),
        (Some(200), None, None, Duration::ZERO)
    );
}
