//! Queries as the official page spells them.

use super::{is_helper, shown};
use crate::hub::{Call, Hub};

/// Names in the page's order; those with `?` may be left out.
fn official(endpoint: &str) -> Option<&'static [&'static str]> {
    Some(match endpoint {
        "jslogin" => &["appid", "redirect_uri", "fun", "lang", "_?"],
        "login" => &["loginicon", "uuid", "tip", "r", "_?", "appid?"],
        "webwxnewloginpage" => {
            &["ticket", "uuid", "lang", "scan", "fun", "version", "lang?", "mod?"]
        }
        "webwxinit" => &["r", "lang?", "pass_ticket?"],
        "webwxstatusnotify" | "webwxsendmsg" | "webwxcheckupload" | "webwxrevokemsg"
        | "webwxoplog" => &["lang?", "pass_ticket?"],
        "webwxsync" => &["sid", "skey", "lang?", "pass_ticket?"],
        "synccheck" => &["r", "skey", "sid", "uin", "deviceid", "synckey", "_?", "mmweb_appid?"],
        "webwxgetcontact" => &["lang?", "pass_ticket?", "r", "seq", "skey"],
        "webwxbatchgetcontact" => &["type", "r", "lang?", "pass_ticket?"],
        "webwxgeticon" | "webwxgetheadimg" => &["seq", "username", "skey", "chatroomid?", "msgid?"],
        "webwxuploadmedia" => &["f", "random?"],
        "webwxsendmsgimg" | "webwxsendvideomsg" | "webwxsendappmsg" => {
            &["fun", "f", "lang?", "pass_ticket?"]
        }
        "webwxsendemoticon" | "webwxstatreport" => &["fun", "lang?", "pass_ticket?"],
        "webwxgetmsgimg" => &["MsgID", "skey", "mmweb_appid?", "type?"],
        "webwxgetmedia" => {
            let official: &[&str] = &[
                "sender",
                "mediaid",
                "encryfilename",
                "fromuser",
                "pass_ticket",
                "webwx_data_ticket",
                "sid?",
                "mmweb_appid?",
            ];
            official
        }
        "webwxlogout" => &["redirect", "type", "skey"],
        "webwxpushloginurl" => &["uin"],
        "reportforweb" => &["rid", "rkey", "rvalue"],
        _ => return None,
    })
}

/// Values that are always the same.
fn fixed(endpoint: &str, name: &str) -> Option<&'static [&'static str]> {
    Some(match (endpoint, name) {
        ("webwxuploadmedia" | "webwxsendmsgimg" | "webwxsendvideomsg" | "webwxsendappmsg", "f") => {
            &["json"]
        }
        ("webwxsendmsgimg" | "webwxsendvideomsg" | "webwxsendappmsg", "fun") => &["async"],
        ("webwxsendemoticon", "fun") => &["sys"],
        ("webwxgetmsgimg", "type") => &["slave", "big"],
        ("webwxbatchgetcontact", "type") => &["ex"],
        ("webwxlogout", "type") => &["0", "1"],
        ("jslogin" | "webwxnewloginpage" | "webwxstatreport", "fun") => &["new"],
        _ => return None,
    })
}

/// Whether the page pastes this value into its URL as it is; it encodes all others.
fn is_raw(endpoint: &str, name: &str) -> bool {
    match endpoint {
        "login" | "webwxnewloginpage" => name == "uuid",
        "webwxsync" => matches!(name, "sid" | "skey"),
        "webwxgetcontact" | "webwxgeticon" | "webwxgetheadimg" => name == "skey",
        _ => false,
    }
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
    check_spelling(call, hub);
    check_profile(call, hub);
    if call.query.get("pass_ticket").is_some_and(|value| value != hub.account.pass_ticket) {
        violation("pass_ticket is not the XML's, encoded once more".to_owned());
    }
    // The address of an avatar may come from the server without one.
    let may_be_empty = matches!(call.endpoint.as_str(), "webwxgeticon" | "webwxgetheadimg");
    if call.query.raw("skey") == Some("") && !may_be_empty {
        violation("an empty skey in the query".to_owned());
    }
}

fn check_spelling(call: &Call, hub: &Hub) {
    for name in ["uuid", "skey", "sid", "pass_ticket"] {
        let Some(raw) = call.query.raw(name) else { continue };
        if !is_raw(&call.endpoint, name) {
            if raw.contains(['@', '+', '/', '=']) {
                hub.violation(&call.endpoint, format!("{name} not percent-encoded in the query"));
            }
        // How the File Transfer Helper's own script spells them, no source shows.
        } else if raw.contains('%') && !is_helper(call, hub) {
            hub.violation(
                &call.endpoint,
                format!("{name} percent-encoded where the page has it raw"),
            );
        }
    }
}

/// What the File Transfer Helper has in its queries besides.
fn check_profile(call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let helper = is_helper(call, hub);
    let is_marked =
        matches!(call.endpoint.as_str(), "synccheck" | "webwxgetmsgimg" | "webwxgetmedia");
    match call.query.get("mmweb_appid").as_deref() {
        Some("wx_webfilehelper") if helper && is_marked => {}
        None if !(helper && is_marked) => {}
        None => violation("no mmweb_appid in the query"),
        Some(_) => violation("mmweb_appid in the query where the page has none"),
    }
    if call.endpoint == "webwxuploadmedia" {
        let random = call.query.get("random").map(|random| random.len());
        match (helper, random) {
            (true, Some(4)) | (false, None) => {}
            (true, _) => violation("no random of four characters in the query"),
            (false, _) => violation("random in the query where the page has none"),
        }
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
        Some(name) => {
            let name = shown(name, "an odd name");
            Err(format!("{name} in the query where the page has nothing"))
        }
        None => Ok(()),
    }
}
