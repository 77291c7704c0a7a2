//! JSON bodies as the official page writes them: compact, keys in its order, values of its types.

use serde_json::Value;

use super::has_shape;
use crate::hub::{Call, Hub};

/// Top-level keys in the page's order.
fn official(endpoint: &str) -> Option<&'static [&'static str]> {
    Some(match endpoint {
        "webwxinit" => &["BaseRequest"],
        "webwxstatusnotify" => {
            &["BaseRequest", "Code", "FromUserName", "ToUserName", "ClientMsgId"]
        }
        "webwxsync" => &["BaseRequest", "SyncKey", "rr"],
        "webwxcheckupload" => &[
            "FromUserName",
            "ToUserName",
            "FileSize",
            "FileMd5",
            "FileName",
            "FileType",
            "BaseRequest",
        ],
        "webwxbatchgetcontact" | "webwxstatreport" => &["BaseRequest", "Count", "List"],
        "webwxrevokemsg" => &["BaseRequest", "SvrMsgId", "ToUserName", "ClientMsgId"],
        _ if official_message(endpoint).is_some() => &["BaseRequest", "Msg", "Scene"],
        _ => return None,
    })
}

/// The keys of `Msg` before those that all messages have; those with `?` may be left out.
fn official_message(endpoint: &str) -> Option<&'static [&'static str]> {
    Some(match endpoint {
        "webwxsendmsg" => &["Type", "Content", "MsgSource?"],
        "webwxsendmsgimg" | "webwxsendvideomsg" => &["Type", "MediaId", "Content"],
        // Uploaded, or known by its MD5; a forwarded one has no flag.
        "webwxsendemoticon" => &["Type", "EmojiFlag?", "MediaId?", "EMoticonMd5?"],
        "webwxsendappmsg" => &["Signature?", "Type", "Content"],
        _ => return None,
    })
}

const EVERY_MESSAGE: [&str; 4] = ["FromUserName", "ToUserName", "LocalID", "ClientMsgId"];

pub(super) fn check(call: &Call, hub: &Hub) {
    let Some(official) = official(&call.endpoint).filter(|_| call.method == "POST") else { return };
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let Some(body) = call.json() else { return violation("the body is not JSON") };
    if body.to_string().as_bytes() != call.body {
        violation("JSON is not written compactly");
    }
    if !has_keys(&body, official) {
        violation("other keys, or in another order, than the page's");
    }
    check_base_request(&body["BaseRequest"], &call.endpoint, hub);
    match call.endpoint.as_str() {
        "webwxsync" if !body["rr"].is_i64() => violation("rr is not a number"),
        _ => {}
    }
    if let Some(official) = official_message(&call.endpoint) {
        check_message(&body, official, call, hub);
    }
}

pub(super) fn has_keys(value: &Value, keys: &[&str]) -> bool {
    value.as_object().is_some_and(|pairs| pairs.keys().eq(keys))
}

/// `BaseRequest` of any call. The page itself has Uin as a string only in webwxinit.
pub(super) fn check_base_request(base_request: &Value, endpoint: &str, hub: &Hub) {
    let violation = |what: &str| hub.violation(endpoint, what);
    // The page's telemetry has no skey.
    let official: &[&str] = match endpoint {
        "webwxstatreport" => &["Uin", "Sid", "DeviceID"],
        _ => &["Uin", "Sid", "Skey", "DeviceID"],
    };
    if !has_keys(base_request, official) {
        violation("BaseRequest has other keys, or in another order, than the page's");
    }
    if !base_request["Uin"].is_u64() && endpoint != "webwxinit" {
        violation("Uin is not a number");
    }
    if base_request["Skey"] == "" {
        violation("Skey is empty");
    }
    if !base_request["DeviceID"].as_str().is_some_and(|id| has_shape(id, "e999999999999999")) {
        violation("DeviceID is not e and 15 digits");
    }
}

fn check_message(body: &Value, official: &[&str], call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let msg = &body["Msg"];
    let is_forwarded = body["Scene"] == 2;
    match call.endpoint.as_str() {
        // What is forwarded names its content.
        "webwxsendmsgimg" | "webwxsendvideomsg" if !is_forwarded => match &msg["Content"] {
            Value::Null => violation("Content is absent or null"),
            Value::String(text) if text.is_empty() => {}
            _ => violation("Content is not empty"),
        },
        "webwxsendemoticon" if !is_forwarded && msg["EmojiFlag"] != 2 => {
            violation("EmojiFlag is not 2");
        }
        _ => {}
    }
    let official = official.iter().chain(&EVERY_MESSAGE);
    let mut keys = msg.as_object().into_iter().flat_map(|pairs| pairs.keys()).peekable();
    let mut in_order = true;
    for wanted in official {
        let name = wanted.trim_end_matches('?');
        let is_there = keys.next_if(|key| *key == name).is_some();
        in_order &= is_there || name != *wanted;
    }
    if !in_order || keys.next().is_some() {
        violation("Msg has other keys, or in another order, than the page's");
    }
    if body["Scene"] != 0 && body["Scene"] != 2 {
        violation("Scene is neither 0 nor 2");
    }
    if msg["LocalID"] != msg["ClientMsgId"] {
        violation("LocalID is not the ClientMsgId");
    }
    let is_official = msg["LocalID"]
        .as_str()
        .is_some_and(|id| has_shape(id, "99999999999990999") || has_shape(id, "99999999999991000"));
    if !is_official {
        violation("LocalID is not a string of 13 digits and 0ddd or 1000");
    }
}
