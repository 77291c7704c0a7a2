//! Headers that the browser sends with each kind of call.

use super::query::is_helper;
use crate::hub::{Call, Hub};

pub(super) fn check(call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    if !call.header("user-agent").is_some_and(|agent| agent.starts_with("Mozilla/5.0")) {
        violation("User-Agent is not a desktop browser's");
    }
    check_app_id(call, hub);
    match call.endpoint.as_str() {
        "reportforweb" => check_ping(call, hub),
        "jslogin" | "login" | "qrcode" | "webwxnewloginpage" => {}
        _ => check_call(call, hub),
    }
}

/// Only a script's own request can carry a header of the page's. Script elements, images, forms and
/// the browser's preflight cannot.
fn check_app_id(call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let cannot_carry = match call.endpoint.as_str() {
        "jslogin" | "login" | "qrcode" | "synccheck" | "reportforweb" => true,
        "webwxgetmsgimg" | "webwxgeticon" | "webwxgetheadimg" => true,
        _ => call.method == "OPTIONS",
    };
    match call.header("mmweb_appid") {
        Some(_) if cannot_carry => violation("a header mmweb_appid, which a browser cannot put there"),
        Some("wx_webfilehelper") if is_helper(call, hub) => {}
        // Whether that page logs out by a form, no source shows.
        None if cannot_carry || !is_helper(call, hub) || call.endpoint == "webwxlogout" => {}
        _ => violation("mmweb_appid is not as the profile has it"),
    }
}

/// A ping is telemetry to another host: nothing of the login may go with it.
fn check_ping(call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    if call.header("cookie").is_some() {
        violation("a ping with cookies");
    }
    let account = &hub.account;
    let secrets = [&account.skey, &account.sid, &account.data_ticket, &account.pass_ticket];
    let is_secret = |text: &str| secrets.iter().any(|secret| text.contains(secret.as_str()));
    if call.headers.iter().any(|(_, value)| is_secret(value))
        || ["skey", "sid", "pass_ticket"].iter().any(|name| call.query.raw(name).is_some())
    {
        violation("a ping with credentials");
    }
}

fn check_call(call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let host = call.header("host").unwrap_or_default();
    // To another host than its own the page says no more than where it is.
    let goes_elsewhere = ["webwxuploadmedia", "synccheck"].contains(&call.endpoint.as_str());

    match (call.method.as_str(), call.header("origin")) {
        ("GET", Some(_)) => violation("Origin on a GET"),
        ("POST" | "OPTIONS", None) => violation("no Origin"),
        ("POST" | "OPTIONS", Some(said)) if path_on_page(said, host) != Some("") => {
            violation("Origin is not the page's");
        }
        _ => {}
    }
    match call.header("referer").map(|referer| path_on_page(referer, host)) {
        None => violation("no Referer"),
        // The File Transfer Helper has no language in its address.
        Some(Some("/")) if goes_elsewhere || is_helper(call, hub) => {}
        Some(Some(path)) if path.starts_with("/?lang=") && !is_helper(call, hub) => {}
        Some(_) => violation("Referer is not the page's"),
    }
    check_content_type(call, hub);
    if call.method == "OPTIONS" {
        check_preflight(call, hub);
    }
    for name in ["content-type", "content-length", "cookie", "host", "origin", "referer", "user-agent"] {
        if call.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count() > 1 {
            violation(&format!("{name} more than once"));
        }
    }
    if call.endpoint == "webwxgetmsgimg" && call.header("range").is_some() {
        violation("Range for a picture");
    }
}

/// What is left of `url` after the origin of the page that may call `host`. Under the real names the
/// file and push hosts are not the page's own host; on the loopback address all hosts are one.
fn path_on_page<'a>(url: &'a str, host: &str) -> Option<&'a str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (page, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let helper = match host {
        "file.wx.qq.com" => Some("filehelper.weixin.qq.com"),
        "file.wx2.qq.com" => Some("szfilehelper.weixin.qq.com"),
        "file.wx8.qq.com" => Some("cmfilehelper.weixin.qq.com"),
        _ => None,
    };
    let sisters = ["file.", "webpush."].map(|prefix| host.strip_prefix(prefix));
    let may_call = page == host || sisters.contains(&Some(page)) || helper == Some(page);
    may_call.then_some(path)
}

fn check_content_type(call: &Call, hub: &Hub) {
    let official = match (call.method.as_str(), call.endpoint.as_str()) {
        ("POST", "webwxuploadmedia") => "multipart/form-data; boundary=",
        ("POST", "webwxlogout") => "application/x-www-form-urlencoded",
        ("POST", _) => "application/json;charset=UTF-8",
        _ => return,
    };
    if !call.header("content-type").is_some_and(|said| said.starts_with(official)) {
        hub.violation(&call.endpoint, format!("Content-Type is not {official}"));
    }
}

fn check_preflight(call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    if call.header("access-control-request-method") != Some("POST") {
        violation("no Access-Control-Request-Method: POST");
    }
    let asked = call.header("access-control-request-headers");
    if asked != is_helper(call, hub).then_some("mmweb_appid") {
        violation("Access-Control-Request-Headers are not the page's");
    }
    if call.header("content-type").is_some() {
        violation("a preflight with Content-Type");
    }
    if call.header("cookie").is_some() {
        violation("a preflight with cookies");
    }
}
