//! Checks that JSON is written like the official page writes it: compact, with the same order of
//! keys and the same types.

use serde_json::Value;

use super::check::Check;
use crate::exchange::call_spec::{BaseRequestKind, PageBody};
use crate::model::text::has_shape;

/// The keys of every message, after the keys of its kind.
const EVERY_MESSAGE: [&str; 4] = ["FromUserName", "ToUserName", "LocalID", "ClientMsgId"];

pub(super) fn check_json(check: &Check<'_>) {
    let keys: &[&str] = match check.page.body {
        PageBody::Json(keys) => keys,
        PageBody::Message(_) => &["BaseRequest", "Msg", "Scene"],
        PageBody::Unchecked
        | PageBody::UploadForm
        | PageBody::ParallelForm
        | PageBody::UrlEncoded => return,
    };
    if check.call.method != "POST" {
        return;
    }
    let Some(body) = check.call.posted_json() else {
        return check.violation("the body is not JSON");
    };
    if !check.call.is_compact {
        check.violation("JSON is not written compactly");
    }
    if !has_keys(body, keys) {
        check.violation("other keys than the page's, or in another order");
    }
    check_base_request(check, &body["BaseRequest"]);
    if let PageBody::Message(keys) = check.page.body {
        check_message(check, body, keys);
    }
}

pub(super) fn has_keys(value: &Value, keys: &[&str]) -> bool {
    value.as_object().is_some_and(|pairs| pairs.keys().eq(keys))
}

pub(super) fn check_base_request(check: &Check<'_>, base_request: &Value) {
    let kind = &check.page.base_request;
    let keys: &[&str] = match kind {
        BaseRequestKind::NoSkey => &["Uin", "Sid", "DeviceID"],
        BaseRequestKind::Usual | BaseRequestKind::TextUin => &["Uin", "Sid", "Skey", "DeviceID"],
    };
    if !has_keys(base_request, keys) {
        check.violation("BaseRequest has other keys than the page's, or in another order");
    }
    if !base_request["Uin"].is_u64() && *kind != BaseRequestKind::TextUin {
        check.violation("Uin is not a number");
    }
    if base_request["Skey"] == "" {
        check.violation("Skey is empty");
    }
    if !base_request["DeviceID"].as_str().is_some_and(|id| has_shape(id, "e999999999999999")) {
        check.violation("DeviceID is not e followed by 15 digits");
    }
}

fn check_message(check: &Check<'_>, body: &Value, keys: &[&str]) {
    let msg = &body["Msg"];
    let mut sent = msg.as_object().into_iter().flat_map(|pairs| pairs.keys()).peekable();
    let mut is_in_order = true;
    for wanted in keys.iter().chain(&EVERY_MESSAGE) {
        let name = wanted.trim_end_matches('?');
        let is_there = sent.next_if(|key| *key == name).is_some();
        is_in_order &= is_there || name != *wanted;
    }
    if !is_in_order || sent.next().is_some() {
        check.violation("Msg has other keys than the page's, or in another order");
    }
    if body["Scene"] != 0 && body["Scene"] != 2 {
        check.violation("Scene is neither 0 nor 2");
    }
    if msg["LocalID"] != msg["ClientMsgId"] {
        check.violation("LocalID is not the ClientMsgId");
    }
    let is_official = msg["LocalID"]
        .as_str()
        .is_some_and(|id| has_shape(id, "99999999999990999") || has_shape(id, "99999999999991000"));
    if !is_official {
        check.violation("LocalID is not a string of 13 digits and 0ddd or 1000");
    }
}
