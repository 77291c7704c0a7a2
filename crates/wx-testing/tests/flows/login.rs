//! Logging in: from the QR code to the session.

use std::time::Duration;

use serde_json::{Value, json};
use wx_proto::flow::{Action, Flow, Login, LoginState};
use wx_proto::{Advice, Error, ErrorKind, HostRole, Policy, Profile, Session, Site};

use wx_testing::harness::*;
use wx_testing::samples::vector;

pub(crate) fn recorded() -> Value {
    vector("login_and_sync")
}

pub(crate) fn text(pointer: &str) -> String {
    recorded().pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

pub(crate) fn code() -> Answer {
    ok(text("/jslogin/answers/0/text"))
}

pub(crate) fn polled(n: u8) -> Answer {
    ok(text(&format!("/poll/answers/{n}/text")))
}

/// Returns the captured login page with its cookies.
pub(crate) fn page() -> Answer {
    let cookies: Value = vector("cookies");
    let lines = cookies["set_cookie"].as_array().unwrap().iter();
    // The captured cookies expired long ago, so their expiry is moved to the future.
    let lines =
        lines.map(|line| ("set-cookie", line.as_str().unwrap().replace("-2018 ", "-2098 ")));
    Answer::Reply(200, lines.collect(), text("/newloginpage/ok/text").into())
}

pub(crate) fn init(skey: &str) -> Answer {
    ok(json!({
        "BaseResponse": { "Ret": 0, "ErrMsg": "" }, "SKey": skey,
        "SyncKey": recorded()["synckey"]["object"],
        "User": { "Uin": 123_456_789, "UserName": "@me", "NickName": "a &amp; b" },
    })
    .to_string())
}

pub(crate) fn notified() -> Answer {
    ok(r#"{"BaseResponse":{"Ret":0,"ErrMsg":""},"MsgID":"8032721323945545465"}"#)
}

/// Returns the replies to a login without failures.
pub(crate) fn good() -> [Answer; 7] {
    [code(), polled(0), polled(1), polled(2), page(), init("@crypt_new"), notified()]
}

/// Logs in. Also returns the reported states.
pub(crate) fn run_at(
    site: Site,
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<Session, Error>, Vec<LoginState>) {
    let mut login = Login::new(site, SEED, Policy::default());
    let mut harness = Harness::new("", answers);
    let result = harness.run(&mut login).map(|()| harness.session.clone());
    (harness, result, login.shown().to_vec())
}

pub(crate) fn run(
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<Session, Error>, Vec<LoginState>) {
    run_at(Site::new(Profile::Web), answers)
}

/// Returns the names of the states.
pub(crate) fn names(reported: &[LoginState]) -> Vec<String> {
    let name =
        |state: &LoginState| format!("{state:?}").split([' ', '{']).next().unwrap().to_owned();
    reported.iter().map(name).collect()
}

#[test]
fn from_the_code_to_the_session() {
    let (harness, result, reported) = run(good());
    assert_eq!(names(&reported), ["Code", "Scanned", "Confirmed", "Opened"]);
    let LoginState::Code { link } = &reported[0] else { panic!() };
    assert_eq!(
        *link.expose(),
        format!("https://login.weixin.qq.com/l/{}", text("/jslogin/answers/0/uuid"))
    );
    assert!(matches!(&reported[1], LoginState::Scanned { avatar: Some(jpeg) }
            if jpeg.starts_with(b"\xff\xd8\xff")));

    let session = result.unwrap();
    let fields = &recorded()["newloginpage"]["ok"]["fields"];
    assert_eq!(
        (session.uin().unwrap().to_string(), session.user_name().unwrap().as_str()),
        (text("/newloginpage/ok/fields/wxuin"), "@me")
    );
    assert_eq!(session.sid().unwrap().expose(), fields["wxsid"].as_str().unwrap());
    session.check_upload(SEED.unix_ms).expect("the cookies of the login page are there");
    assert_eq!(
        harness.endpoints(),
        [
            "jslogin",
            "login",
            "login",
            "login",
            "webwxnewloginpage",
            "webwxinit",
            "webwxstatusnotify"
        ]
    );
    let uri = |n: usize| harness.seen[n].http().uri().to_string();
    // The vector was recorded at another time.
    let query = text("/poll/query_text");
    let start = query.split_once("&r=").unwrap().0;
    assert!(
        uri(1)
            .starts_with(&format!("https://login.wx.qq.com/cgi-bin/mmwebwx-bin/login?{start}&r="))
    );
    assert!(uri(2).contains("&tip=1&") && uri(3).contains("&tip=0&"), "tip is 0 after the scan");
    assert_eq!(
        uri(4),
        format!("{}&fun=new&version=v2&lang=zh_CN", text("/poll/answers/2/redirect_uri"))
    );
    // The calls before the login page have no cookies, and those after it have all of them (§2.4).
    let cookies: Vec<_> =
        harness.seen.iter().map(|seen| seen.http().headers().contains_key("cookie")).collect();
    assert_eq!(cookies, [false, false, false, false, false, true, true]);
    let body = harness.seen[5].json();
    assert_eq!(
        body["BaseRequest"]["Uin"],
        text("/newloginpage/ok/fields/wxuin"),
        "text in webwxinit"
    );
    let notice = harness.seen[6].json();
    assert_eq!(
        (&notice["Code"], &notice["FromUserName"], &notice["ToUserName"]),
        (&json!(3), &json!("@me"), &json!("@me"))
    );
    assert_eq!(notice["BaseRequest"]["Uin"], 123_456_789);
}

#[test]
fn jslogin_as_it_was_captured() {
    let (harness, ..) = run(good());
    let uri = harness.seen[0].http().uri();
    assert_eq!((uri.host(), uri.path()), (Some("login.wx.qq.com"), "/jslogin"));
    let expected = text("/jslogin/query_text");
    let query = uri.query().unwrap();
    let without_time = |query: &str| query.rsplit_once("&_=").unwrap().0.to_owned();
    assert_eq!(without_time(query), without_time(&expected));
}

#[test]
fn p14_the_skey_of_webwxinit_is_adopted_unless_empty() {
    for (skey, expected) in
        [("@crypt_new", "@crypt_new".to_owned()), ("", text("/newloginpage/ok/fields/skey"))]
    {
        let (harness, result, _) = run([code(), polled(2), page(), init(skey), notified()]);
        assert_eq!(*result.unwrap().skey().unwrap().expose(), expected);
        assert_eq!(
            harness.seen[4].json()["BaseRequest"]["Skey"],
            expected,
            "from the next call on"
        );
    }
}

#[test]
fn p52_redirect_uris_in_any_spelling_are_read_completely_and_decide_the_hosts() {
    let (harness, result, _) = run([code(), polled(3), page(), init(""), notified()]);
    let session = result.unwrap();
    assert_eq!(session.hosts().origin(HostRole::File).host(), "file.wx2.qq.com");
    assert_eq!(harness.seen[2].http().uri().host(), Some("wx2.qq.com"));
    assert_eq!(harness.seen[3].http().uri().host(), Some("wx2.qq.com"));
}

#[test]
fn p95_the_helper_continues_on_the_entry_host_of_its_redirect_uri() {
    for entry in ["szfilehelper.weixin.qq.com", "filehelper.weixin.qq.com"] {
        let confirmed = ok(format!(
            "window.code=200;\nwindow.redirect_uri=\"https://{entry}/cgi-bin/mmwebwx-bin/\
             webwxnewloginpage?ticket=t@qrticket_0&uuid=u==&lang=zh_CN&scan=1\";"
        ));
        let site = Site::new(Profile::FileHelper);
        let (harness, result, _) = run_at(site, [code(), confirmed, page(), init(""), notified()]);
        let session = result.unwrap();
        assert_eq!(session.hosts().origin(HostRole::Base).host(), entry);
        let opened = harness.seen[2].http().uri();
        assert_eq!(opened.host(), Some(entry));
        assert!(opened.query().unwrap().contains("&scan=1&fun=new&version=v2"), "{opened}");
    }
}

#[test]
fn p59_bodies_are_utf_8_whatever_the_headers_say() {
    let html = "<error><ret>1</ret><message>不行</message></error>";
    let answer = Answer::Reply(
        200,
        vec![("content-type", "text/plain; charset=gbk".to_owned())],
        html.into(),
    );
    let refused = run([code(), polled(2), answer]).1.unwrap_err();
    assert!(refused.chain().to_string().ends_with("不行"), "{refused:?}");
    let mut broken = b"window.code=200;window.redirect_uri='https://wx.qq.com/\xff?a'".to_vec();
    broken.push(b';');
    assert!(run([code(), ok(broken)]).1.is_err(), "an invalid address");
}

#[test]
fn a_code_that_is_refused_expired_or_failed_by_the_server_is_followed_by_another() {
    let refused = || ok("window.code=202;");
    let server_failure = || ok("window.code=500;");
    let no_code = ok("window.QRLogin.code = 500; window.QRLogin.uuid = \"\";");
    let answers = [
        code(),
        refused(),
        code(),
        polled(4),
        no_code,
        code(),
        server_failure(),
        code(),
        polled(2),
        page(),
        init(""),
        notified(),
    ];
    let (_, result, reported) = run(answers);
    assert!(result.is_ok());
    assert_eq!(
        names(&reported),
        [
            "Code",
            "Refused",
            "Code",
            "Expired",
            "ServerProblem",
            "Code",
            "ServerProblem",
            "Code",
            "Confirmed",
            "Opened"
        ]
    );
    // The number of codes is limited.
    let (harness, result, _) =
        run(std::iter::repeat_with(|| [code(), refused()]).take(10).flatten());
    let error = result.unwrap_err();
    assert_eq!(
        (&error.kind, error.advice()),
        (&ErrorKind::NotConfirmed { codes: 10 }, Advice::LoginAgain)
    );
    assert_eq!(harness.seen.len(), 20);
}

#[test]
fn a_code_is_given_up_after_its_time_whatever_the_server_says() {
    let mut harness = Harness::new("", std::iter::repeat_with(dropped).take(100));
    let mut policy = Policy::default();
    policy.login_codes = 1;
    let mut login = Login::new(Site::new(Profile::Web), SEED, policy);
    harness.answer_next([code()]);
    let error = harness.run(&mut login).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotConfirmed { codes: 1 });
    assert_eq!(names(login.shown()), ["Code", "Expired"]);
    let pauses = harness.pauses();
    assert!(pauses.len() < 15 && pauses.iter().all(|pause| *pause <= 60), "{pauses:?}");
    assert!(harness.now > Duration::from_secs(1300), "five minutes of waiting");
}

#[test]
fn failures_while_waiting_for_the_phone_are_retried() {
    let weather = [
        dropped(),
        unreachable(),
        status(503),
        ok(""),
        ok("<html>"),
        ok("window.code="),
        ok("nonsense"),
    ];
    let answers = [code()].into_iter().chain(weather).chain([
        polled(1),
        dropped(),
        polled(1),
        polled(2),
        page(),
        init(""),
        notified(),
    ]);
    let (harness, result, reported) = run(answers);
    assert!(result.is_ok());
    assert_eq!(names(&reported), ["Code", "Scanned", "Confirmed", "Opened"], "reported once");
    assert_eq!(harness.pauses()[1..8], [1, 2, 4, 8, 16, 32, 60]);
}

#[test]
fn an_avatar_of_megabytes_is_accepted() {
    for (len, shown) in [(1_000_000, true), (20_000_000, false)] {
        let scanned = format!(
            "window.code=201;window.userAvatar = 'data:img/jpg;base64,{}';",
            "A".repeat(len)
        );
        let (_, result, reported) =
            run([code(), ok(scanned), polled(2), page(), init(""), notified()]);
        assert!(result.is_ok());
        assert!(
            matches!(&reported[1], LoginState::Scanned { avatar } if avatar.is_some() == shown),
            "{len}"
        );
    }
    for odd in ["javascript:1", "data:image/jpeg;base64,###", "data:text/html;base64,AAAA", ""] {
        let scanned = format!("window.code=201;window.userAvatar = '{odd}';");
        let (_, _, reported) = run([code(), ok(scanned), polled(2), page(), init(""), notified()]);
        assert_eq!(reported[1], LoginState::Scanned { avatar: None }, "{odd}");
    }
}

#[test]
fn p60_the_file_transfer_helper_says_so_where_a_browser_can() {
    let site = Site::new(Profile::FileHelper);
    let confirmed =
        ok("window.code=200;window.redirect_uri=\"https://szfilehelper.weixin.qq.com/cgi-bin/\
         mmwebwx-bin/webwxnewloginpage?ticket=t\";");
    let (harness, result, _) = run_at(site, [code(), confirmed, page(), init(""), notified()]);
    let session = result.unwrap();
    assert_eq!(
        (session.site().profile(), session.hosts().origin(HostRole::File).host()),
        (Profile::FileHelper, "file.wx2.qq.com")
    );
    // The first two calls are made by script elements, which do not carry the page's header.
    let marked: Vec<_> =
        harness.seen.iter().map(|seen| seen.http().headers().get("mmweb_appid")).collect();
    assert_eq!(marked[..2], [None; 2]);
    assert!(marked[2..].iter().all(|mark| mark.is_some_and(|mark| mark == "wx_webfilehelper")));
    assert_eq!(harness.endpoints()[2..], ["webwxnewloginpage", "webwxinit", "webwxstatusnotify"]);
    assert!(harness.seen[0].http().uri().query().unwrap().starts_with("appid=wx_webfilehelper&"));
    assert!(harness.seen[1].http().uri().query().unwrap().ends_with("&appid=wx_webfilehelper"));
    let (web, ..) = run(good());
    assert!(web.seen.iter().all(|seen| !seen.http().headers().contains_key("mmweb_appid")));
}

#[test]
fn a_login_can_be_cancelled_at_every_step_and_shows_no_secret() {
    for steps in 0..30 {
        let mut harness = Harness::new("", good());
        harness.steps_left = steps;
        let mut login = Login::new(Site::new(Profile::Web), SEED, Policy::default());
        let _ = harness.run_until_killed(&mut login);
        let shown = format!("{:?}", login.shown());
        assert!(!shown.contains("AbCdEfGhIj") && !shown.contains("qrticket"), "{shown}");
        let ended = matches!(login.poll(&mut session(), harness.now), Action::Done(_));
        let shown = format!("{login:?} {:?}", login.progress());
        for secret in ["AbCdEfGhIj", "qrticket", "@crypt_"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        login.cancel();
        let result = Harness::new("", []).run(&mut login);
        assert_eq!(result.is_err(), !ended, "{steps}");
        if let Err(error) = result {
            assert_eq!(error.kind, ErrorKind::Cancelled);
        }
    }
}
