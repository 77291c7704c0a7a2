//! Logging out, and the replies that end the login.

use wx_proto::flow::Logout;
use wx_proto::{Error, HostRole, Policy, Session, Step};

use super::login;
use wx_testing::harness::*;

/// Returns the reply of a server that has ended the login.
pub(crate) fn logged_out() -> Answer {
    moved("https://wx.qq.com/")
}

fn moved(to: &str) -> Answer {
    Answer::Reply(301, vec![("location", to.to_owned())], "".into())
}

fn run(answers: impl IntoIterator<Item = Answer>) -> (Harness, Result<(), Error>) {
    let mut harness = Harness::new("", answers);
    let result = harness.run(&mut Logout::new(&session(), SEED, Policy::default()).unwrap());
    (harness, result)
}

#[test]
fn a_redirect_to_a_page_of_web_wechat_is_a_good_answer_and_not_followed() {
    let (harness, result) = run([logged_out()]);
    assert_eq!((result, harness.seen.len()), (Ok(()), 1));
    let http = harness.seen[0].http();
    assert_eq!(http.uri().query(), Some("redirect=1&type=0&skey=%40crypt_skey"));
    assert_eq!(harness.seen[0].body(), b"sid=sid&uin=2272112421");
    assert_eq!(http.headers()["content-type"], "application/x-www-form-urlencoded");
    for good in ["/", "?&lang=zh_CN", "https://login.weixin.qq.com/", "https://WEB.wechat.com/x"] {
        assert_eq!(run([moved(good)]).1, Ok(()), "{good}");
    }
    let reply = ok(r#"{"BaseResponse":{"Ret":0,"ErrMsg":""}}"#);
    assert_eq!(run([reply]).1, Ok(()));
}

#[test]
fn anything_else_is_not_a_logout() {
    let nowhere = Answer::Reply(301, vec![], "".into());
    assert_eq!(run([nowhere]).1, Ok(()), "the only reply that was observed");
    // Transient failures are retried, because a second logout is harmless.
    for passing in [
        dropped(),
        unreachable(),
        status(429),
        status(500),
        status(503),
        ret(-1),
        ok(""),
        ok("<!doctype html>"),
        ok("nonsense"),
        moved("https://hotel.example/login"),
        moved("https://wx.qq.com.evil.example/"),
        moved("https://evilqq.com/"),
    ] {
        let (harness, result) = run(vec![passing.clone(); 3]);
        assert_eq!(result.unwrap_err().step, Step::Logout, "{passing:?}");
        assert_eq!(harness.seen.len(), 3, "{passing:?}");
        assert_eq!(run([passing.clone(), passing, logged_out()]).1, Ok(()));
    }
    for verdict in [ret(1), ret(1101), ret(1205), status(403), status(404)] {
        let (harness, result) = run([verdict.clone()]);
        assert_eq!(
            (result.unwrap_err().step, harness.seen.len()),
            (Step::Logout, 1),
            "{verdict:?}"
        );
    }
}

#[test]
fn the_rest_of_an_ended_login_can_only_push_the_next_one() {
    let mut session = login::run(login::good()).1.unwrap();
    let live = [session.sid(), session.skey()].map(|secret| secret.unwrap().expose().clone());
    let file = session.site().hosts().origin(HostRole::File);
    let ticket =
        session.cookies().value("webwx_data_ticket", &file, SEED.unix_ms).unwrap().expose().clone();
    session.clear_login();
    let file: serde_json::Value = serde_json::from_str(session.to_json().expose()).unwrap();
    let left: Vec<_> = file["cookies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cookie| cookie["name"].as_str().unwrap())
        .collect();
    assert_eq!(left, ["wxuin", "wxloadtime", "mm_lang", "webwxuvid", "webwx_auth_ticket"]);
    let text = file.to_string();
    assert!(
        live.iter()
            .chain([&ticket])
            .all(|secret| !secret.is_empty() && !text.contains(secret.as_str()))
    );
    let again = Session::from_json(&text).unwrap();
    assert!(Logout::new(&again, SEED, Policy::default()).is_err());
    assert!(again.check_upload(SEED.unix_ms).is_err());
}
