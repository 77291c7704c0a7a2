//! A computer whose clock is wrong: cookies live as long as the server says, and what fails because of the clock names it.

use serde_json::Value;
use wx_proto::flow::{Login, LoginState};
use wx_proto::{Advice, Cause, Error, Policy, Profile, ReplyError, Seed, Session, Site, Step};

use super::login::*;
use super::world::*;

/// When the cookies of the vector were set, by the server's clock.
const SERVER: u64 = 1_546_211_541;
const DATE: &str = "Sun, 30 Dec 2018 23:12:21 GMT";
const HOUR: i64 = 3600;

/// The login page as it was captured, with these headers more, and without some cookies.
fn captured(more: &[(&'static str, &str)], without: &str) -> Answer {
    let cookies: Value = serde_json::from_str(include_str!("../vectors/cookies.json")).unwrap();
    let lines =
        cookies["set_cookie"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned());
    let lines = lines.filter(|line| without.is_empty() || !line.starts_with(without));
    let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
    Answer::Reply(
        200,
        lines.map(|line| ("set-cookie", line)).chain(more).collect(),
        text("/newloginpage/ok/text").into(),
    )
}

fn log_in(local: u64, page: Answer) -> Result<Session, Error> {
    let seed = Seed { unix_ms: local * 1000, ..SEED };
    let mut world = World::new("", [code(), polled(2), page, init(""), notified()]);
    world.run(&mut Login::new(Site::new(Profile::Web), seed, Policy::default(), |_: &LoginState| {}))
}

fn local(ahead: i64) -> u64 {
    SERVER.checked_add_signed(ahead).unwrap()
}

#[test]
fn p6_a_login_keeps_its_cookies_whatever_this_computers_clock_says() {
    for ahead in [-400_000 * HOUR, -12 * HOUR, -HOUR, -1, 0, 1, HOUR, 12 * HOUR, 13 * HOUR, 400_000 * HOUR] {
        let session = log_in(local(ahead), captured(&[("date", DATE)], "")).unwrap();
        assert_eq!(session.cookies().cookies().len(), 7, "{ahead}");
        let lasts = |hours: i64| session.check_upload(local(ahead + hours * HOUR - 1) * 1000).is_ok();
        assert!(
            lasts(0) && lasts(12) && session.check_upload(local(ahead + 12 * HOUR) * 1000).is_err(),
            "{ahead}"
        );
        let again = Session::from_json(session.to_json().expose()).unwrap();
        assert_eq!(again.cookies(), session.cookies());
    }
}

#[test]
fn without_a_date_that_can_be_read_the_local_clock_counts() {
    for more in [&[][..], &[("date", "soon")], &[("date", "")], &[("date", "Thu, 01 Jan 1970 00:00:00 GMT")]]
    {
        assert!(log_in(local(0), captured(more, "")).is_ok(), "{more:?}");
        let error = log_in(local(13 * HOUR), captured(more, "")).unwrap_err();
        assert_eq!(error.cause, Cause::Reply(ReplyError::NoDataTicket { hours_ahead: None }), "{more:?}");
    }
}

#[test]
fn p8_a_login_without_the_ticket_is_none_and_the_clock_is_named_if_it_is_wrong() {
    let ended = [
        (0, Advice::LoginAgain, ""),
        (1700, Advice::LoginAgain, ""),
        (12 * HOUR, Advice::SetClock, "; this computer's clock is 12 hours ahead"),
        (-HOUR, Advice::SetClock, "; this computer's clock is 1 hour behind"),
        (-30 * HOUR + 60, Advice::SetClock, "; this computer's clock is 30 hours behind"),
    ];
    for (ahead, advice, clock) in ended {
        let error = log_in(local(ahead), captured(&[("date", DATE)], "webwx_data_ticket")).unwrap_err();
        assert_eq!((error.step, error.advice()), (Step::Login, advice), "{ahead}");
        let expected = format!("logging in: the login page gave no valid cookie webwx_data_ticket{clock}");
        assert_eq!(error.to_string(), expected);
    }
    // One that is over by the server's own clock is none either, nor is an empty one.
    for odd in [
        "webwx_data_ticket=t; Domain=.qq.com; Expires=Sun, 30-Dec-2018 23:12:21 GMT",
        "webwx_data_ticket=; Path=/",
    ] {
        let page = captured(&[("date", DATE), ("set-cookie", odd)], "webwx_data_ticket");
        assert!(log_in(local(0), page).is_err(), "{odd}");
    }
}

#[test]
fn the_ticket_of_the_login_before_is_not_the_one_of_this_login() {
    let old = log_in(local(0), captured(&[("date", DATE)], "")).unwrap();
    let seed = Seed { unix_ms: local(0) * 1000, ..SEED };
    let push = |page: Answer| {
        let asked = ok(r#"{"ret":"0","msg":"all ok","uuid":"AbCdEfGhIj=="}"#);
        let mut world = World::new("", [asked, polled(2), page, init(""), notified()]);
        world.run(&mut Login::push(&old, seed, Policy::default(), |_: &LoginState| {}).unwrap())
    };
    assert!(push(captured(&[("date", DATE)], "")).is_ok());
    assert!(push(captured(&[("date", DATE)], "webwx_data_ticket")).is_err());
}

#[test]
fn p52_a_redirect_uri_is_taken_without_its_escapes() {
    for uri in [
        r"https:\/\/wx2.qq.com\/cgi-bin\/mmwebwx-bin\/webwxnewloginpage?ticket=t\x26uuid=u&amp;scan=1",
        r"https:\x2f\x2fwx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=t\u0026uuid=u\x26amp;scan=1",
        r"https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=t&#38;uuid=u&#x26;scan=1",
    ] {
        let polled = ok(format!("window.code=200;window.redirect_uri=\"{uri}\";"));
        let (world, result, _) = run([code(), polled, page(), init(""), notified()]);
        assert!(result.is_ok(), "{uri}");
        let opened = world.seen[2].http().uri().to_string();
        assert!(
            opened.starts_with(
                "https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=t&uuid=u&scan=1&"
            ),
            "{opened}"
        );
    }
    // The host is judged after that.
    for uri in [
        r"https://wx.qq.com\x40evil.example/",
        r"https:\/\/evil.example/",
        r"https://wx.qq.com\@evil.example/",
    ] {
        let polled = ok(format!("window.code=200;window.redirect_uri='{uri}';"));
        let (world, result, _) = run([code(), polled]);
        assert!(matches!(result.unwrap_err().cause, Cause::Host(_)), "{uri}");
        assert_eq!(world.seen.len(), 2);
    }
}
