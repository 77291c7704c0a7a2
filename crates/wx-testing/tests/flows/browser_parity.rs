use std::time::Duration;

use wx_proto::Policy;
use wx_proto::flow::SendMessage;

use wx_testing::harness::*;

fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.browser_parity = true;
    policy
}

fn run(answers: Vec<Answer>) -> Harness {
    let bytes = jpeg(CHUNK + 5);
    let mut flow = SendMessage::media(&session(), media(&bytes), to(), SEED, policy()).unwrap();
    let mut harness = Harness::new(bytes, answers);
    harness.run(&mut flow).unwrap();
    harness
}

#[test]
fn p34_p48_pings_and_preflight_in_the_order_of_the_users_notes() {
    let preflight = ok(r#"{"BaseResponse":{"Ret":1,"ErrMsg":""},"MediaId":""}"#);
    let answers = vec![ok(""), ok(""), ok(""), preflight, middle(), last("@m", CHUNK + 5), sent()];
    let harness = run(answers);
    let calls: Vec<_> =
        harness.seen.iter().map(|seen| (seen.http().method().as_str(), seen.endpoint())).collect();
    let ping = ("GET", "reportforweb");
    let chunk = ("POST", "webwxuploadmedia");
    let preflight = ("OPTIONS", "webwxuploadmedia");
    assert_eq!(calls, [ping, ping, ping, preflight, chunk, chunk, ("POST", "webwxsendmsgimg")]);
    let queries: Vec<_> =
        harness.seen[..3].iter().map(|seen| seen.http().uri().query().unwrap()).collect();
    assert_eq!(
        queries,
        ["rid=69373&rkey=9&rvalue=1", "rid=63637&rkey=72&rvalue=0", "rid=63637&rkey=76&rvalue=1"]
    );
    for side in &harness.seen[..4] {
        assert!(!side.http().headers().contains_key("cookie"));
        assert_eq!(side.request.limits().total, Some(Duration::from_secs(1)));
    }
}

#[test]
fn p34_p48_side_calls_never_fail_or_hold_up_a_send() {
    for answer in
        [dropped(), unreachable(), status(500), ret(1205), ok(vec![0; 200_000]), ok("<html>")]
    {
        let answers =
            std::iter::repeat_n(answer, 4).chain([middle(), last("@m", CHUNK + 5), sent()]);
        let harness = run(answers.collect());
        assert_eq!(harness.seen.len(), 7);
        assert_eq!(harness.pauses(), [0; 6]);
    }
}

#[test]
fn p34_p48_off_by_default() {
    assert!(!Policy::default().browser_parity);
}
