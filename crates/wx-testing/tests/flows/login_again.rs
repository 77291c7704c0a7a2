//! Repeated logins: by a push prompt on the phone, or with a saved session.

use wx_proto::flow::{Login, LoginState, Restore};
use wx_proto::{Advice, Error, Policy, Session, Step};
use wx_testing::harness::*;

use super::login::{code, good, init, names, notified, page, polled, run};

fn push(
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<Session, Error>, Vec<LoginState>) {
    let old = run(good()).1.unwrap();
    let mut login = Login::push(&old, SEED, Policy::default()).unwrap();
    let mut harness = Harness::new("", answers).with_session(&old);
    let result = harness.run(&mut login).map(|()| harness.session.clone());
    (harness, result, login.shown().to_vec())
}

#[test]
fn the_phone_can_be_asked_without_a_code() {
    let prompted = || ok(r#"{"ret":"0","msg":"all ok","uuid":"AbCdEfGhIj=="}"#);
    let (harness, result, reported) =
        push([prompted(), polled(0), polled(2), page(), init(""), notified()]);
    assert!(result.is_ok());
    assert_eq!(names(&reported), ["Asked", "Confirmed", "Opened"]);
    let uri = harness.seen[0].http().uri().to_string();
    assert_eq!(uri, "https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxpushloginurl?uin=123456789");
    let cookies = harness.seen[0].http().headers()["cookie"].to_str().unwrap();
    assert!(cookies.contains("webwxuvid=") && cookies.contains("webwx_auth_ticket="));
    // The server does not ask the phone, so a QR code follows.
    let refused = ok(r#"{"ret":"1","msg":"no login","uuid":""}"#);
    let (_, result, reported) = push([refused, code(), polled(2), page(), init(""), notified()]);
    assert!(result.is_ok());
    assert_eq!(names(&reported), ["Refused", "Code", "Confirmed", "Opened"]);
    // The prompt has expired, so a QR code follows.
    let (_, result, reported) =
        push([prompted(), polled(4), code(), polled(2), page(), init(""), notified()]);
    assert!(result.is_ok());
    assert_eq!(names(&reported), ["Asked", "Expired", "Code", "Confirmed", "Opened"]);
    // Any other reply, or none, also leads to a QR code.
    for (answer, times) in [
        (status(404), 1),
        (status(500), 1),
        (status(502), 3),
        (ok("<!doctype html>"), 1),
        (ok("nonsense"), 1),
        (ok(r#"{"ret":"0","uuid":""}"#), 1),
        (ok("{}"), 1),
        (ok(""), 3),
        (dropped(), 3),
        (unreachable(), 3),
    ] {
        let answers = vec![answer.clone(); times].into_iter();
        let (_, result, reported) =
            push(answers.chain([code(), polled(2), page(), init(""), notified()]));
        assert!(result.is_ok(), "{answer:?}: {result:?}");
        assert_eq!(
            names(&reported),
            ["ServerProblem", "Code", "Confirmed", "Opened"],
            "{answer:?}"
        );
    }
}

#[test]
fn a_saved_login_is_resumed_or_over() {
    let saved = || run(good()).1.unwrap();
    let restore = |answers: Vec<Answer>| {
        let mut harness = Harness::new("", answers).with_session(&saved());
        let mut restore = Restore::new(&saved(), SEED, Policy::default()).unwrap();
        harness.run(&mut restore).map(|()| harness.session)
    };
    let restored = restore(vec![init("@crypt_2"), status(500)]).unwrap();
    assert_eq!(
        restored.skey().unwrap().expose(),
        "@crypt_2",
        "a failed notification does not fail the login"
    );
    for code in [1100, 1101, 1102] {
        let error = restore(vec![ret(code)]).unwrap_err();
        assert_eq!((error.advice(), error.step), (Advice::LoginAgain, Step::Init), "{code}");
    }
    assert!(restore(vec![dropped(), status(503), init(""), notified()]).is_ok());
    assert_eq!(
        restore(vec![ok("{\"BaseResponse\":{\"Ret\":0},\"User\":{}}")]).unwrap_err().step,
        Step::Init
    );
    let nobody = Session::builder("https://wx.qq.com").uin(1).user_name("@me").build().unwrap();
    assert_eq!(
        Restore::new(&nobody, SEED, Policy::default()).unwrap_err().advice(),
        Advice::LoginAgain
    );
}
