//! Headers that the browser sends with each kind of call.

use super::{is_helper, profile};
use crate::hub::{Call, Hub};

pub(super) fn check(call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    if !call.header("user-agent").is_some_and(|agent| agent.starts_with("Mozilla/5.0")) {
        violation("User-Agent is not a desktop browser's");
    }
    check_app_id(call, hub);
    match call.endpoint.as_str() {
        "reportforweb" => check_ping(call, hub),
        // Opened by an address that somebody typed, or before there is a login.
        "" | "jslogin" | "login" | "qrcode" | "webwxnewloginpage" => {}
        _ => check_call(call, hub),
    }
}

/// Only a script's own request can carry a header of the page's. Script elements, images, forms and
/// the browser's preflight cannot.
fn check_app_id(call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let cannot_carry = match call.endpoint.as_str() {
        "" | "jslogin" | "login" | "qrcode" | "synccheck" | "reportforweb" => true,
        "webwxgetmsgimg" | "webwxgeticon" | "webwxgetheadimg" | "webwxgetmedia" => true,
        _ => call.method == "OPTIONS",
    };
    match call.header("mmweb_appid") {
        Some(_) if cannot_carry => {
            violation("a header mmweb_appid, which a browser cannot put there")
        }
        Some("wx_webfilehelper") if is_helper(call, hub) => {}
        None if cannot_carry || !is_helper(call, hub) => {}
        // Whether that page logs out by a form, no source shows; and a browser's upload from it was
        // recorded both with and without.
        None if matches!(call.endpoint.as_str(), "webwxlogout" | "webwxuploadmedia") => {}
        _ => violation("mmweb_appid is not as the profile has it"),
    }
}

/// A ping is telemetry to another host: of the login's cookies one reaches it, by its domain, and
/// nothing else may go with it.
fn check_ping(call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let account = &hub.account;
    let ticket = format!("webwx_data_ticket={}", account.data_ticket);
    if call.header("cookie").is_some_and(|cookies| cookies != ticket) {
        violation("a ping with cookies that do not reach its host");
    }
    let secrets = [&account.skey, &account.sid, &account.pass_ticket];
    let is_secret = |text: &str| secrets.iter().any(|secret| text.contains(secret.as_str()));
    if call.headers.iter().any(|(_, value)| is_secret(value))
        || ["skey", "sid", "pass_ticket"].iter().any(|name| call.query.raw(name).is_some())
    {
        violation("a ping with credentials");
    }
}

fn check_call(call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    // The page lives at the address it was asked for, which is not that of the socket when a name
    // is used.
    let origin = call.host().page_origin(profile(call, hub));
    // To another host than its own the page says no more than where it is.
    let goes_elsewhere =
        ["webwxuploadmedia", "webwxgetmedia", "synccheck"].contains(&call.endpoint.as_str());

    match (call.method.as_str(), call.header("origin")) {
        ("GET", Some(_)) => violation("Origin on a GET"),
        ("POST" | "OPTIONS", None) => violation("no Origin"),
        ("POST" | "OPTIONS", Some(said)) if said != origin => {
            violation("Origin is not the page's");
        }
        _ => {}
    }
    match call.header("referer").map(|referer| referer.strip_prefix(&origin)) {
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
    for name in
        ["content-type", "content-length", "cookie", "host", "origin", "referer", "user-agent"]
    {
        if call.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count() > 1 {
            violation(&format!("{name} more than once"));
        }
    }
    if call.endpoint == "webwxgetmsgimg" && call.header("range").is_some() {
        violation("Range for a picture");
    }
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
    match call.header("access-control-request-headers") {
        None => {}
        Some("mmweb_appid") if is_helper(call, hub) => {}
        Some(_) => violation("Access-Control-Request-Headers are not the page's"),
    }
    if call.header("content-type").is_some() {
        violation("a preflight with Content-Type");
    }
    if call.header("cookie").is_some() {
        violation("a preflight with cookies");
    }
}
