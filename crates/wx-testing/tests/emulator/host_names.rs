//! Requests to the host names of the real server.

use serde_json::json;
use wx_emulator::{Emulator, PhoneStep, Profile};

use crate::page::{PATH, Page};
use wx_testing::raw_client::{Reply, request};

fn get(server: &Emulator, host: &str, target: &str) -> Reply {
    let headers = [("Host", host), ("User-Agent", "Mozilla/5.0")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    request(server.addr(), "GET", target, &headers, b"").unwrap()
}

fn cookies(reply: &Reply) -> Vec<(String, String)> {
    let set = reply.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    set.map(|(_, value)| {
        let name = value.split_once('=').unwrap().0;
        let domain =
            value.split_once("; Domain=").map_or("", |(_, rest)| rest.split(';').next().unwrap());
        (name.to_owned(), domain.to_owned())
    })
    .collect()
}

/// Logs in, and returns the `redirect_uri`.
fn log_in(server: &Emulator, host: &str, app_id: &str, redirect_uri: &str) -> String {
    let uri = redirect_uri.replace(':', "%3A").replace('/', "%2F");
    let target = format!("/jslogin?appid={app_id}&redirect_uri={uri}&fun=new&lang=zh_CN&_=1");
    let reply = get(server, host, &target);
    assert_eq!(reply.header("content-type"), Some("text/javascript"));
    let text = reply.text();
    let uuid = text.rsplit_once("uuid = \"").unwrap().1.trim_end_matches("\";");
    let appid = if app_id == "wx_webfilehelper" { "&_=1&appid=wx_webfilehelper" } else { "" };
    let poll = format!("{PATH}/login?loginicon=true&uuid={uuid}&tip=1&r=1{appid}");
    let text = get(server, host, &poll).text();
    text.split_once("redirect_uri=\"").unwrap().1.trim_end_matches("\";").to_owned()
}

#[test]
fn a_login_lands_on_its_page_and_cookies_have_their_domains() {
    for (host, app_id, page) in [
        ("login.wx.qq.com", "wx782c26e4c19acffb", "wx.qq.com"),
        ("login.wx.qq.com", "wx782c26e4c19acffb", "wx8.qq.com"),
        ("login.wx2.qq.com", "wx_webfilehelper", "szfilehelper.weixin.qq.com"),
    ] {
        let server = Emulator::builder().phone_steps([PhoneStep::Confirmed]).start().unwrap();
        let uri = log_in(&server, host, app_id, &format!("https://{page}{PATH}/webwxnewloginpage"));
        let target =
            uri.strip_prefix(&format!("https://{page}")).unwrap_or_else(|| panic!("{uri}"));
        let reply = get(&server, page, &format!("{target}&fun=new"));
        for (name, domain) in cookies(&reply) {
            let expected = if name == "webwx_data_ticket" { ".qq.com" } else { page };
            assert_eq!(domain, expected, "{name}");
        }
        assert_eq!(cookies(&reply).len(), 7);
        assert!(reply.headers.iter().any(|(_, value)| value.ends_with("; Secure")));
    }
}

#[test]
fn fun_new_or_version_v2_gives_the_page() {
    for (query, status) in [
        ("&fun=new", 200),
        ("&version=v2", 200),
        ("&fun=new&version=v2", 200),
        ("", 301),
        ("&fun=old", 301),
    ] {
        let server = Emulator::builder().phone_steps([PhoneStep::Confirmed]).start().unwrap();
        let uri = log_in(&server, "login.wx.qq.com", "wx782c26e4c19acffb", "");
        let target = uri.strip_prefix("https://wx.qq.com").unwrap();
        let reply = get(&server, "wx.qq.com", &format!("{target}{query}"));
        assert_eq!((reply.status, reply.header("location")), (status, None), "{query}");
        assert!(reply.text().contains("<skey>"));
    }
}

#[test]
fn every_webwxsync_renews_five_cookies() {
    let server = Emulator::start().unwrap();
    let mut page = Page::new(&server);
    page.base = "https://wx.qq.com".to_owned();
    let mut headers = page.post_headers("/?lang=zh_CN", "application/json;charset=UTF-8");
    headers.push(("Host".to_owned(), "wx.qq.com".to_owned()));
    let body = json!({
        "BaseRequest": page.base_request(), "SyncKey": { "Count": 0, "List": [] }, "rr": 1,
    });
    for _ in 0..2 {
        let target =
            format!("{PATH}/webwxsync?sid={}&skey={}", page.word("sid"), page.word("skey"));
        let reply =
            request(server.addr(), "POST", &target, &headers, body.to_string().as_bytes()).unwrap();
        let names = ["wxloadtime", "wxpluginkey", "wxuin", "wxsid", "webwx_data_ticket"];
        let set = cookies(&reply);
        assert_eq!(set.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
        assert!(set[..4].iter().all(|(_, domain)| domain == "wx.qq.com"));
        assert_eq!(set[4].1, ".qq.com");
    }
}

#[test]
fn a_call_to_another_host_than_the_pages_is_a_violation() {
    let server = Emulator::builder().phone_steps([PhoneStep::Confirmed]).start().unwrap();
    log_in(&server, "login.weixin.qq.com", "wx782c26e4c19acffb", "");
    let elsewhere = |call: &str| format!("{call}: not sent to the host that the page sends it to");
    assert_eq!(server.violations(), [elsewhere("jslogin"), elsewhere("login")]);
    let server = Emulator::start().unwrap();
    get(&server, "login.weixin.qq.com", "/qrcode/x");
    assert_eq!(server.violations(), [""; 0]);
    get(&server, "wx.qq.com", &format!("{PATH}/synccheck"));
    assert!(server.violations().contains(&elsewhere("synccheck")));
}

#[test]
fn a_session_under_a_name_has_cookies_with_domains() {
    let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
    let session = server.session_json_at("szfilehelper.weixin.qq.com");
    let session: serde_json::Value = serde_json::from_str(&session).unwrap();
    assert_eq!(session["base"], "https://szfilehelper.weixin.qq.com");
    for cookie in session["cookies"].as_array().unwrap() {
        let reach = (&cookie["domain"], &cookie["host_only"], &cookie["secure"]);
        let domain = match cookie["name"].as_str() {
            Some("webwx_data_ticket") => ".qq.com",
            _ => "szfilehelper.weixin.qq.com",
        };
        assert_eq!(reach, (&domain.into(), &false.into(), &true.into()));
    }
    let ticket = session["cookies"].as_array().unwrap().iter();
    let ticket = ticket.clone().find(|cookie| cookie["name"] == "webwx_data_ticket").unwrap();
    let ticket = ticket["value"].as_str().unwrap();
    assert!(
        ticket.len() == 24 && ticket.starts_with("gS") && !ticket.ends_with('='),
        "{}",
        ticket.len()
    );
}
