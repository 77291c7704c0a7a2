//! Violations: what the official page does not do, although the server accepts it.
//! They name fields and headers; they never quote a value that could be a secret.

pub(crate) mod form;
mod headers;
mod host;
mod json;
mod query;

use crate::calls::NAMES;
use crate::emulator::Profile;
use crate::hub::{Call, Hub};

/// Records what the official page would not have sent.
pub(crate) fn check(call: &Call, hub: &Hub) {
    host::check(call, hub);
    headers::check(call, hub);
    query::check(call, hub);
    json::check(call, hub);
    form::check(call, hub);
}

/// Which page a call is of. Until a login is complete, its own calls say so.
fn profile(call: &Call, hub: &Hub) -> Profile {
    let is_helper = |name: &str| call.query.get(name).as_deref() == Some("wx_webfilehelper");
    match call.endpoint.as_str() {
        "jslogin" | "login" if is_helper("appid") => Profile::FileHelper,
        "jslogin" | "login" => Profile::Web,
        "webwxnewloginpage" => {
            let ticket = call.query.get("ticket").unwrap_or_default();
            hub.logins().page_of(&ticket).map_or(Profile::Web, |page| page.profile)
        }
        _ => hub.logins().profile,
    }
}

/// Whether the File Transfer Helper makes this call.
fn is_helper(call: &Call, hub: &Hub) -> bool {
    profile(call, hub) == Profile::FileHelper
}

/// The name of a call. The end of an unknown path may be the end of a secret.
pub(crate) fn shown_call(endpoint: &str) -> &str {
    match endpoint {
        "" => "/",
        known if NAMES.contains(&known) => known,
        unknown if unknown.starts_with("webwx") => shown(unknown, "a path"),
        _ => "a path",
    }
}

/// A name that a client chose, if it can be shown: it may be anything, even a secret.
fn shown<'a>(name: &'a str, otherwise: &'a str) -> &'a str {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if is_plain && (1..24).contains(&name.len()) { name } else { otherwise }
}

/// Whether `text` has the shape of `pattern`: `9` stands for a digit, `A` for a capital, `a` for a
/// small letter.
fn has_shape(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, shape)| match shape {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_uppercase(),
            b'a' => byte.is_ascii_lowercase(),
            other => byte == other,
        })
}
