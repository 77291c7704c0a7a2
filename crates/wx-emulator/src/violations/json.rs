//! JSON bodies as the official page writes them: compact, keys in its order, values of its types.

use serde_json::Value;

use super::has_shape;
use crate::hub::{Call, Hub};

/// Top-level keys in the page's order.
fn official(endpoint: &str) -> Option<&'static [&'static str]> {
    Some(match endpoint {
        "webwxinit" => &["BaseRequest"],
        "webwxstatusnotify" => &["BaseRequest", "Code", "FromUserName", "ToUserName", "ClientMsgId"],
        "webwxsync" => &["BaseRequest", "SyncKey", "rr"],
        "webwxcheckupload" => {
            &["FromUserName", "ToUserName", "FileSize", "FileMd5", "FileName", "FileType", "BaseRequest"]
        }
        "webwxsendmsgimg" | "webwxsendemoticon" | "webwxsendmsg" => &["BaseRequest", "Msg", "Scene"],
        _ => return None,
    })
}

const MSG: [&str; 7] = ["Type", "MediaId", "Content", "FromUserName", "ToUserName", "LocalID", "ClientMsgId"];

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
        "webwxsendmsgimg" | "webwxsendemoticon" => check_message(&body, call, hub),
        "webwxsync" if !body["rr"].is_i64() => violation("rr is not a number"),
        _ => {}
    }
}

pub(super) fn has_keys(value: &Value, keys: &[&str]) -> bool {
    value.as_object().is_some_and(|pairs| pairs.keys().eq(keys))
}

/// `BaseRequest` of any call. The page itself has Uin as a string only in webwxinit.
pub(super) fn check_base_request(base_request: &Value, endpoint: &str, hub: &Hub) {
    let violation = |what: &str| hub.violation(endpoint, what);
    if !has_keys(base_request, &["Uin", "Sid", "Skey", "DeviceID"]) {
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

fn check_message(body: &Value, call: &Call, hub: &Hub) {
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    let msg = &body["Msg"];
    if call.endpoint == "webwxsendmsgimg" {
        match &msg["Content"] {
            Value::Null => violation("Content is absent or null"),
            Value::String(text) if text.is_empty() => {}
            _ => violation("Content is not empty"),
        }
        if !has_keys(msg, &MSG) {
            violation("Msg has other keys, or in another order, than the page's");
        }
    } else if msg["EmojiFlag"] != 2 {
        violation("EmojiFlag is not 2");
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
