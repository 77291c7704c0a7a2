//! Queries as the official page spells them.

use crate::emulator::Profile;
use crate::hub::{Call, Hub};

/// Names in the page's order; those with `?` may be left out.
fn official(endpoint: &str) -> Option<&'static [&'static str]> {
    Some(match endpoint {
        "jslogin" => &["appid", "redirect_uri", "fun", "lang", "_?"],
        "login" => &["loginicon", "uuid", "tip", "r", "_?", "appid?"],
        "webwxnewloginpage" => &["ticket", "uuid", "lang", "scan", "fun", "version", "lang?", "mod?"],
        "webwxinit" => &["r", "lang?", "pass_ticket?"],
        "webwxstatusnotify" | "webwxsendmsg" | "webwxcheckupload" => &["lang?", "pass_ticket?"],
        "webwxsync" => &["sid", "skey", "lang?", "pass_ticket?"],
        "synccheck" => &["r", "skey", "sid", "uin", "deviceid", "synckey", "_?", "mmweb_appid?"],
        "webwxgetcontact" => &["r", "seq", "skey", "lang?", "pass_ticket?"],
        "webwxbatchgetcontact" => &["type", "r", "lang?", "pass_ticket?"],
        "webwxuploadmedia" => &["f", "random?"],
        "webwxsendmsgimg" | "webwxsendappmsg" => &["fun", "f", "lang?", "pass_ticket?"],
        "webwxsendemoticon" => &["fun", "f?", "lang?", "pass_ticket?"],
        "webwxgetmsgimg" => &["MsgID", "skey", "type?", "mmweb_appid?"],
        "webwxlogout" => &["redirect", "type", "skey", "lang?", "pass_ticket?"],
        "webwxpushloginurl" => &["uin"],
        "reportforweb" => &["rid", "rkey", "rvalue"],
        _ => return None,
    })
}

/// Values that are always the same.
fn fixed(endpoint: &str, name: &str) -> Option<&'static [&'static str]> {
    Some(match (endpoint, name) {
        ("webwxuploadmedia" | "webwxsendmsgimg" | "webwxsendappmsg" | "webwxsendemoticon", "f") => &["json"],
        ("webwxsendmsgimg" | "webwxsendappmsg", "fun") => &["async"],
        ("webwxsendemoticon", "fun") => &["sys"],
        ("webwxgetmsgimg", "type") => &["slave", "big"],
        ("webwxbatchgetcontact", "type") => &["ex"],
        ("webwxlogout", "type") => &["0", "1"],
        ("jslogin" | "webwxnewloginpage", "fun") => &["new"],
        _ => return None,
    })
}

pub(super) fn check(call: &Call, hub: &Hub) {
    let Some(official) = official(&call.endpoint) else { return };
    let violation = |what: String| hub.violation(&call.endpoint, what);
    if let Err(what) = compare(official, call.query.names()) {
        violation(what);
    }
    for name in call.query.names() {
        let value = call.query.get(name).unwrap_or_default();
        if fixed(&call.endpoint, name).is_some_and(|values| !values.contains(&value.as_str())) {
            violation(format!("an unknown value of {name} in the query"));
        }
    }
    check_profile(call, hub);
    let is_encoded = |name: &str| !call.query.raw(name).is_some_and(|raw| raw.contains(['@', '+', '/', '=']));
    for name in ["skey", "sid", "pass_ticket"] {
        if !is_encoded(name) {
            violation(format!("{name} not percent-encoded in the query"));
        }
    }
    if call.query.get("pass_ticket").is_some_and(|value| value != hub.account.pass_ticket) {
        violation("pass_ticket is not the XML's, encoded once more".to_owned());
    }
    if call.query.raw("skey") == Some("") {
        violation("an empty skey in the query".to_owned());
    }
}

/// What the File Transfer Helper has in its queries and headers besides.
fn check_profile(call: &Call, hub: &Hub) {
    let is_ours = call.header("mmweb_appid") == Some("wx_webfilehelper");
    let helper = match call.endpoint.as_str() {
        "reportforweb" | "qrcode" => false,
        "jslogin" | "login" => call.query.get("appid").as_deref() == Some("wx_webfilehelper"),
        // Until the page is open nobody knows whose login it is.
        "webwxnewloginpage" => is_ours,
        _ => hub.logins().profile == Profile::FileHelper,
    };
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    if helper != is_ours {
        violation("mmweb_appid is not as the profile has it");
    }
    if !helper || call.method == "OPTIONS" {
        return;
    }
    let pair = call.query.get("mmweb_appid");
    if matches!(call.endpoint.as_str(), "synccheck" | "webwxgetmsgimg")
        && pair.as_deref() != Some("wx_webfilehelper")
    {
        violation("no mmweb_appid in the query");
    }
    if call.endpoint == "webwxuploadmedia" && call.query.get("random").is_none_or(|random| random.len() != 4)
    {
        violation("no random of four characters in the query");
    }
}

fn compare<'a>(official: &[&str], names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut names = names.peekable();
    for wanted in official {
        let name = wanted.trim_end_matches('?');
        if names.next_if_eq(&name).is_none() && name == *wanted {
            return Err(format!("no {name} in the query where the page has it"));
        }
    }
    match names.next() {
        // A name can be anything, even a secret that lost its own name.
        Some(name) if name.len() < 16 => Err(format!("{name} in the query where the page has nothing")),
        Some(_) => Err("a long name in the query where the page has nothing".to_owned()),
        None => Ok(()),
    }
}
