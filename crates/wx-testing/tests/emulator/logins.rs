//! The steps of the phone, and the page of a login.

use wx_emulator::{Emulator, PhoneStep, Profile};

use crate::page::Page;
use wx_testing::raw_client::request;

/// Sends a GET without cookies.
fn get(server: &Emulator, target: &str) -> String {
    let headers = [("User-Agent".to_owned(), "Mozilla/5.0".to_owned())];
    request(server.addr(), "GET", target, &headers, b"").unwrap().text()
}

fn begin(server: &Emulator, app_id: &str) -> String {
    let text =
        get(server, &format!("/jslogin?appid={app_id}&redirect_uri=x&fun=new&lang=zh_CN&_=1"));
    text.rsplit_once("uuid = \"").unwrap().1.trim_end_matches("\";").to_owned()
}

fn poll(server: &Emulator, uuid: &str) -> String {
    get(server, &format!("/cgi-bin/mmwebwx-bin/login?loginicon=true&uuid={uuid}&tip=1&r=1"))
}

#[test]
fn the_phone_follows_a_script_from_code_to_code() {
    let script = [
        PhoneStep::Scanned,
        PhoneStep::Refused,
        PhoneStep::Nothing,
        PhoneStep::Expired,
        PhoneStep::ServerProblem,
        PhoneStep::Confirmed,
    ];
    let server = Emulator::builder().phone_steps(script).avatar_len(1_000_000).start().unwrap();
    let codes = [&["201", "202", "400"][..], &["408", "400"], &["500", "400"], &["200", "200"]];
    for expected in codes {
        let uuid = begin(&server, "wx782c26e4c19acffb");
        for code in expected {
            let reply = poll(&server, &uuid);
            assert!(reply.starts_with(&format!("window.code={code};")), "{}", &reply[..40]);
            assert!(*code != "201" || reply.len() > 1_000_000);
        }
    }
    assert_eq!("scanned".parse(), Ok(PhoneStep::Scanned));
    assert!("Scanned".parse::<PhoneStep>().is_err());
}

/// Returns the path and query of the `redirect_uri` in the reply to a poll.
fn page_of(reply: &str, base: &str) -> String {
    let uri = reply.split_once("redirect_uri=\"").unwrap().1.trim_end_matches("\";");
    uri.strip_prefix(base).unwrap().to_owned()
}

#[test]
fn a_login_page_may_refer_to_another() {
    let server = Emulator::builder()
        .phone_steps([PhoneStep::Confirmed])
        .redirect_to("https://evil.example")
        .start()
        .unwrap();
    let reply = poll(&server, &begin(&server, "wx782c26e4c19acffb"));
    assert!(page_of(&reply, "https://evil.example").starts_with("/cgi-bin/"));

    let server =
        Emulator::builder().phone_steps([PhoneStep::Confirmed]).redirecturl(true).start().unwrap();
    let page = page_of(&poll(&server, &begin(&server, "wx782c26e4c19acffb")), &server.base());
    let first = get(&server, &format!("{page}&fun=new&version=v2"));
    assert!(!first.contains("skey") && first.contains("<redirecturl>"), "{first}");
    let next = first
        .split_once("<redirecturl>")
        .unwrap()
        .1
        .split_once("</")
        .unwrap()
        .0
        .replace("&amp;", "&");
    let second =
        get(&server, &format!("{}&fun=new&version=v2", next.strip_prefix(&server.base()).unwrap()));
    assert!(second.contains("<skey>@crypt_"), "{second}");
}

#[test]
fn the_file_transfer_helper_is_recognised_by_its_app_id() {
    let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
    assert!(server.session_json().contains("\"profile\": \"filehelper\""));
    let page = Page::new(&server);
    page.fetch("1", "");
    assert_eq!(
        server.violations(),
        [
            "webwxgetmsgimg: Referer is not the page's",
            "webwxgetmsgimg: no mmweb_appid in the query"
        ]
    );
    // A login by QR code belongs to the page that has requested the code.
    let server = Emulator::builder().phone_steps([PhoneStep::Confirmed]).start().unwrap();
    let page = page_of(&poll(&server, &begin(&server, "wx_webfilehelper")), &server.base());
    get(&server, &format!("{page}&fun=new&version=v2"));
    Page::new(&server).fetch("1", "");
    let missing = "webwxgetmsgimg: no mmweb_appid in the query".to_owned();
    assert!(server.violations().contains(&missing));
}

#[test]
fn the_app_id_is_a_header_only_where_a_browser_can_send_it() {
    let marked = |server: &Emulator, method: &str, target: &str| {
        let page = Page::new(server);
        let mut headers = page.post_headers("/", "application/json;charset=UTF-8");
        headers.retain(|(name, _)| method != "GET" || name != "Origin");
        headers.push(("mmweb_appid".to_owned(), "wx_webfilehelper".to_owned()));
        request(server.addr(), method, target, &headers, b"{}").unwrap();
        server.violations()
    };
    let cannot = "a header mmweb_appid that a browser cannot send here";
    for (target, name) in [
        ("/jslogin?appid=wx_webfilehelper&redirect_uri=x&fun=new&lang=zh_CN&_=1", "jslogin"),
        (
            "/cgi-bin/mmwebwx-bin/login?loginicon=true&uuid=x&tip=1&r=1&appid=wx_webfilehelper",
            "login",
        ),
        (
            "/cgi-bin/mmwebwx-bin/webwxgetmsgimg?&MsgID=1&skey=x&mmweb_appid=wx_webfilehelper",
            "webwxgetmsgimg",
        ),
    ] {
        let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
        assert_eq!(marked(&server, "GET", target), [format!("{name}: {cannot}")]);
    }
    let notify = "/cgi-bin/mmwebwx-bin/webwxstatusnotify";
    let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
    assert!(
        !marked(&server, "POST", notify).iter().any(|violation| violation.contains("mmweb_appid"))
    );
    let server = Emulator::start().unwrap();
    let not_here = "webwxstatusnotify: mmweb_appid is not the page's".to_owned();
    assert!(marked(&server, "POST", notify).contains(&not_here));
}

#[test]
fn a_fault_refuses_a_push_like_a_missing_login() {
    let fault = "ret=1205@webwxpushloginurl#2".parse().unwrap();
    let server = Emulator::builder().fault(fault).start().unwrap();
    let mut page = Page::new(&server);
    let target = format!("webwxpushloginurl?uin={}", page.word("uin"));
    assert_eq!(page.get(&target).unwrap().json()["ret"], "0");
    let refused = page.get(&target).unwrap().json();
    page.session["cookies"].as_array_mut().unwrap().clear();
    let mut stranger = page.get(&target).unwrap().json();
    assert_eq!(stranger["ret"], "1");
    stranger["ret"] = "1205".into();
    assert_eq!(refused, stranger);
}
