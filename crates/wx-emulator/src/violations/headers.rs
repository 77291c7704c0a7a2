//! Checks the headers that the browser and the official page add to each kind of call.

use super::check::Check;
use crate::exchange::call_spec::{AppIdHeader, PageBody, PageHeaders};

/// Headers that may occur at most once.
const SINGLE: [&str; 7] =
    ["content-type", "content-length", "cookie", "host", "origin", "referer", "user-agent"];

pub(super) fn check_headers(check: &Check<'_>) {
    let agent = check.call.header("user-agent");
    if !agent.is_some_and(|agent| agent.starts_with("Mozilla/5.0")) {
        check.violation("User-Agent is not a desktop browser's");
    }
    check_app_id(check);
    match check.page.headers {
        PageHeaders::Unchecked => {}
        PageHeaders::Telemetry => check_telemetry(check),
        PageHeaders::Outside => check_outside(check),
        PageHeaders::Call => check_call(check),
    }
}

fn check_app_id(check: &Check<'_>) {
    let is_impossible =
        matches!(check.page.app_id, AppIdHeader::Impossible) || check.call.method == "OPTIONS";
    match check.call.header("mmweb_appid") {
        Some(_) if is_impossible => {
            check.violation("a header mmweb_appid that a browser cannot send here");
        }
        Some("wx_webfilehelper") if check.is_helper() => {}
        None if is_impossible || !check.is_helper() => {}
        None if matches!(check.page.app_id, AppIdHeader::Optional) => {}
        _ => check.violation("mmweb_appid is not the page's"),
    }
}

/// Telemetry is sent to another site. Only one cookie of the login reaches that site, and the
/// request must not contain any other secret.
fn check_telemetry(check: &Check<'_>) {
    let (call, login) = (check.call, check.call.state.credentials());
    let ticket = format!("webwx_data_ticket={}", login.data_ticket);
    if call.header("cookie").is_some_and(|cookies| cookies != ticket) {
        check.violation("a ping with cookies that do not reach its host");
    }
    let secrets = [&login.skey, &login.sid, &login.pass_ticket];
    let is_secret = |text: &str| secrets.iter().any(|secret| text.contains(secret.as_str()));
    if call.headers.iter().any(|(_, value)| is_secret(value))
        || ["skey", "sid", "pass_ticket"].iter().any(|name| call.query.raw(name).is_some())
    {
        check.violation("a ping with credentials");
    }
}

/// A site that does not belong to web WeChat must learn nothing of the login.
fn check_outside(check: &Check<'_>) {
    let call = check.call;
    for name in ["cookie", "referer", "origin"] {
        if call.header(name).is_some() {
            check.violation(format!("{name} in a request to another site"));
        }
    }
    let login = call.state.credentials();
    let secrets = [&login.skey, &login.sid, &login.pass_ticket, &login.data_ticket];
    let is_secret = |text: &str| secrets.iter().any(|secret| text.contains(secret.as_str()));
    if call.headers.iter().any(|(_, value)| is_secret(value)) || is_secret(&call.path) {
        check.violation("credentials in a request to another site");
    }
}

fn check_call(check: &Check<'_>) {
    let call = check.call;
    // The origin is derived from the `Host` header, because a host name may resolve to this
    // server's address.
    let origin = call.host().page_origin(check.profile);
    match (call.method.as_str(), call.header("origin")) {
        ("GET", Some(_)) => check.violation("Origin on a GET"),
        ("POST" | "OPTIONS", None) => check.violation("no Origin"),
        ("POST" | "OPTIONS", Some(sent)) if sent != origin => {
            check.violation("Origin is not the page's");
        }
        _ => {}
    }
    match call.header("referer").map(|referer| referer.strip_prefix(&origin)) {
        None => check.violation("no Referer"),
        // A host other than the page's own receives only the origin, and the address of the File
        // Transfer Helper contains no language.
        Some(Some("/")) if check.is_cross_origin || check.is_helper() => {}
        Some(Some(path)) if path.starts_with("/?lang=") && !check.is_helper() => {}
        Some(_) => check.violation("Referer is not the page's"),
    }
    match call.method.as_str() {
        "POST" => check_content_type(check),
        "OPTIONS" => check_preflight(check),
        _ => {}
    }
    for name in SINGLE {
        if call.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count() > 1 {
            check.violation(format!("{name} more than once"));
        }
    }
}

fn check_content_type(check: &Check<'_>) {
    let official = match check.page.body {
        PageBody::UploadForm | PageBody::ParallelForm => "multipart/form-data; boundary=",
        PageBody::UrlEncoded => "application/x-www-form-urlencoded",
        PageBody::Unchecked | PageBody::Json(_) | PageBody::Message(_) => {
            "application/json;charset=UTF-8"
        }
    };
    if !check.call.header("content-type").is_some_and(|sent| sent.starts_with(official)) {
        check.violation(format!("Content-Type is not {official}"));
    }
}

fn check_preflight(check: &Check<'_>) {
    let call = check.call;
    if call.header("access-control-request-method") != Some("POST") {
        check.violation("no Access-Control-Request-Method: POST");
    }
    match call.header("access-control-request-headers") {
        None => {}
        Some("mmweb_appid") if check.is_helper() => {}
        Some(_) => check.violation("Access-Control-Request-Headers are not the page's"),
    }
    if call.header("content-type").is_some() {
        check.violation("a preflight with Content-Type");
    }
    if call.header("cookie").is_some() {
        check.violation("a preflight with cookies");
    }
}
