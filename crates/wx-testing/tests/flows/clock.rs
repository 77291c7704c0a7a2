//! A computer whose clock is wrong. Cookies have the lifetime that the server sets, and errors that
//! are caused by the clock mention it.

use serde_json::Value;
use wx_proto::flow::Login;
use wx_proto::{
    Advice, Error, ErrorKind, Policy, Profile, ReplyError, Seed, Session, Site, Step, UnixMs,
};

use super::login::*;
use wx_testing::harness::*;
use wx_testing::samples::vector;

/// The server's time when it set the cookies of the vector.
const SERVER: u64 = 1_546_211_541;
const DATE: &str = "Sun, 30 Dec 2018 23:12:21 GMT";
const HOUR: i64 = 3600;

/// Returns the captured login page with additional headers, and without some cookies.
fn captured(more: &[(&'static str, &str)], without: &str) -> Answer {
    let cookies: Value = vector("cookies");
    let lines = cookies["set_cookie"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line.as_str().unwrap().to_owned());
    let lines = lines.filter(|line| without.is_empty() || !line.starts_with(without));
    let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
    Answer::Reply(
        200,
        lines.map(|line| ("set-cookie", line)).chain(more).collect(),
        text("/newloginpage/ok/text").into(),
    )
}

fn at(ahead: i64) -> UnixMs {
    UnixMs::from_secs(local(ahead))
}

fn log_in(local: u64, page: Answer) -> Result<Session, Error> {
    log_in_by(local, [page, init(""), notified()])
}

/// Logs in. The login page returns these answers after the confirmation on the phone.
fn log_in_by(local: u64, pages: impl IntoIterator<Item = Answer>) -> Result<Session, Error> {
    let seed = Seed { unix_ms: UnixMs::from_secs(local), ..SEED };
    let mut harness = Harness::new("", [code(), polled(2)].into_iter().chain(pages));
    let mut login = Login::new(Site::new(Profile::Web), seed, Policy::default());
    harness.run(&mut login).map(|()| harness.session)
}

fn local(ahead: i64) -> u64 {
    SERVER.checked_add_signed(ahead).unwrap()
}

#[test]
fn p6_a_login_keeps_its_cookies_whatever_this_computers_clock_says() {
    for ahead in
        [-400_000 * HOUR, -12 * HOUR, -HOUR, -1, 0, 1, HOUR, 12 * HOUR, 13 * HOUR, 400_000 * HOUR]
    {
        let session = log_in(local(ahead), captured(&[("date", DATE)], "")).unwrap();
        assert_eq!(session.cookies().cookies().len(), 7, "{ahead}");
        let lasts = |hours: i64| session.check_upload(at(ahead + hours * HOUR - 1)).is_ok();
        assert!(
            lasts(0) && lasts(12) && session.check_upload(at(ahead + 12 * HOUR)).is_err(),
            "{ahead}"
        );
        let again = Session::from_json(session.to_json().expose()).unwrap();
        assert_eq!(again.cookies(), session.cookies());
    }
}

fn no_ticket(expired: bool) -> ErrorKind {
    ErrorKind::Reply(ReplyError::NoDataTicket { expired })
}

const NO_DATES: [&[(&str, &str)]; 4] =
    [&[], &[("date", "soon")], &[("date", "")], &[("date", "Thu, 01 Jan 1970 00:00:00 GMT")]];

#[test]
fn without_a_date_that_can_be_read_the_local_clock_counts_and_is_named_if_it_is_the_cause() {
    for more in NO_DATES {
        assert!(log_in(local(0), captured(more, "")).is_ok(), "{more:?}");
        for ahead in [12 * HOUR, 13 * HOUR, 400_000 * HOUR] {
            let error = log_in(local(ahead), captured(more, "")).unwrap_err();
            assert_eq!(
                (error.kind.clone(), error.advice()),
                (no_ticket(true), Advice::SetClock),
                "{more:?}"
            );
            let expected = "webwx_data_ticket has already expired by this computer's clock";
            assert!(error.chain().to_string().ends_with(expected), "{}", error.chain());
        }
    }
    // The ticket may have been set by a page that refers to another page.
    let url = "https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=t";
    let elsewhere = format!("<error><ret>0</ret><redirecturl>{url}</redirecturl></error>");
    let ticket =
        "webwx_data_ticket=t; Domain=.qq.com; Path=/; Expires=Mon, 31-Dec-2018 11:12:21 GMT";
    let first =
        || Answer::Reply(200, vec![("set-cookie", ticket.to_owned())], elsewhere.clone().into());
    let second = || captured(&[], "webwx_data_ticket");
    assert!(log_in_by(local(0), [first(), second(), init(""), notified()]).is_ok());
    let error = log_in_by(local(13 * HOUR), [first(), second(), dropped()]).unwrap_err();
    assert_eq!(error.kind, no_ticket(true));
}

#[test]
fn p8_a_login_without_the_ticket_is_none_and_the_clock_is_not_named_if_it_is_not_the_cause() {
    let dated: &[_] = &[("date", DATE)];
    for ahead in [0, 1700, 12 * HOUR, -HOUR, -30 * HOUR + 60, 400_000 * HOUR] {
        for headers in NO_DATES.into_iter().chain([dated]) {
            let error = log_in(local(ahead), captured(headers, "webwx_data_ticket")).unwrap_err();
            assert_eq!((error.step, error.advice()), (Step::Login, Advice::LoginAgain), "{ahead}");
            let expected = "the login failed: the login page set no valid cookie webwx_data_ticket";
            assert_eq!(error.chain().to_string(), expected);
        }
        // The ticket has expired by the server's clock, or is deleted, empty, or for another host.
        let over = "webwx_data_ticket=t; Domain=.qq.com; Expires=Sun, 30-Dec-2018 23:12:21 GMT";
        let page = captured(&[("date", DATE), ("set-cookie", over)], "webwx_data_ticket");
        assert_eq!(log_in(local(ahead), page).unwrap_err().kind, no_ticket(false), "{ahead}");
        for none in [
            "webwx_data_ticket=t; Path=/; Expires=Thu, 01-Jan-1970 00:00:10 GMT",
            "webwx_data_ticket=t; Path=/; Max-Age=0",
            "webwx_data_ticket=; Path=/; Expires=Mon, 31-Dec-2018 11:12:21 GMT",
            "webwx_data_ticket=t; Path=/x; Expires=Mon, 31-Dec-2018 11:12:21 GMT",
            "webwx_data_ticket=t; Domain=wx8.qq.com; Expires=Mon, 31-Dec-2018 11:12:21 GMT",
        ] {
            let page = captured(&[("set-cookie", none)], "webwx_data_ticket");
            assert_eq!(log_in(local(ahead), page).unwrap_err().kind, no_ticket(false), "{none}");
        }
    }
    // A ticket that has expired by the server's clock, or that is empty, does not count.
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
    let seed = Seed { unix_ms: UnixMs::from_secs(local(0)), ..SEED };
    let push = |page: Answer| {
        let prompted = ok(r#"{"ret":"0","msg":"all ok","uuid":"AbCdEfGhIj=="}"#);
        let mut harness = Harness::new("", [prompted, polled(2), page, init(""), notified()]);
        harness.run(&mut Login::push(&old, seed, Policy::default()).unwrap())
    };
    assert!(push(captured(&[("date", DATE)], "")).is_ok());
    assert!(push(captured(&[("date", DATE)], "webwx_data_ticket")).is_err());
}

#[test]
fn p52_a_redirect_uri_is_unescaped() {
    for uri in [
        r"https:\/\/wx2.qq.com\/cgi-bin\/mmwebwx-bin\/webwxnewloginpage?ticket=t\x26uuid=u&amp;scan=1",
        r"https:\x2f\x2fwx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=t\u0026uuid=u\x26amp;scan=1",
        r"https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=t&#38;uuid=u&#x26;scan=1",
    ] {
        let polled = ok(format!("window.code=200;window.redirect_uri=\"{uri}\";"));
        let (harness, result, _) = run([code(), polled, page(), init(""), notified()]);
        assert!(result.is_ok(), "{uri}");
        let opened = harness.seen[2].http().uri().to_string();
        assert!(
            opened.starts_with(
                "https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=t&uuid=u&scan=1&"
            ),
            "{opened}"
        );
    }
    // The host is checked only after the clock.
    for uri in [
        r"https://wx.qq.com\x40evil.example/",
        r"https:\/\/evil.example/",
        r"https://wx.qq.com\@evil.example/",
    ] {
        let polled = ok(format!("window.code=200;window.redirect_uri='{uri}';"));
        let (harness, result, _) = run([code(), polled]);
        assert!(matches!(result.unwrap_err().kind, ErrorKind::Host(_)), "{uri}");
        assert_eq!(harness.seen.len(), 2);
    }
}
