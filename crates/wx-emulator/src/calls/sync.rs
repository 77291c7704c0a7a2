//! webwxsync: the messages after a SyncKey.

use serde_json::{Value, json};

use super::cookies;
use super::sync_key::{self, CHECK_CLOCK, CLOCK};
use crate::exchange::call_spec::{
    CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::replies::base_response;
use crate::model::ret::{MALFORMED, Ret};
use crate::state::message_store::Waiting;

pub(super) const SYNC: CallSpec = CallSpec {
    name: "webwxsync",
    methods: &["POST"],
    host: HostRole::Page,
    login: Login::BaseRequest,
    handler: Handler::Sync(sync),
    refusal: Refusal::Ret(|ret| Reply::json(empty_reply(ret))),
    page: PageRequest {
        raw: &["sid", "skey"],
        check: check_rr,
        ..PageRequest::script(
            &["sid", "skey", "lang?", "pass_ticket?"],
            PageBody::Json(&["BaseRequest", "SyncKey", "rr"]),
        )
    },
};

fn sync(call: &ReceivedCall<'_>) -> Outcome {
    let reply = messages(call)?;
    call.state.messages().synced = true;
    call.state.logins().renew();
    Ok(cookies::renew(Reply::json(reply), call))
}

fn messages(call: &ReceivedCall<'_>) -> Result<Value, Ret> {
    let body = call.json.as_ref().ok_or(MALFORMED)?;
    let keys = body["SyncKey"]["List"].as_array().ok_or(MALFORMED)?;
    let val = |key: u64| {
        keys.iter().find(|entry| entry["Key"] == key).and_then(|entry| entry["Val"].as_u64())
    };
    if keys.iter().any(|entry| !entry["Key"].is_u64() || !entry["Val"].is_u64()) {
        call.violation("SyncKey with values that are not numbers");
    }
    match val(1000) {
        Some(CLOCK) => {}
        Some(CHECK_CLOCK) => call.violation("SyncCheckKey instead of SyncKey"),
        _ => call.violation("a SyncKey that this server has not sent"),
    }
    let mut store = call.state.messages();
    let total = store.incoming.len();
    let received = sync_key::received(val(2)).min(total);
    // A later login receives all messages that the client has not acknowledged with this key.
    store.acknowledged = store.acknowledged.max(received);
    let from = if call.state.options.duplicates { received.saturating_sub(1) } else { received };
    let to = total.min(received.saturating_add(call.state.options.batch));
    let mut reply = empty_reply(0);
    for incoming in &store.incoming[from..to] {
        let (list, value) = match incoming {
            Waiting::Message { message, .. } => ("AddMsg", message),
            Waiting::Changed(contact) => ("ModContact", contact),
            Waiting::Removed(contact) => ("DelContact", contact),
        };
        append(&mut reply, list, value.clone());
    }
    reply["ContinueFlag"] = u8::from(to < total).into();
    reply["SyncKey"] = sync_key::after(to, CLOCK);
    reply["SyncCheckKey"] = sync_key::after(to, CHECK_CLOCK);
    Ok(reply)
}

/// Appends to `…List` and updates its `…Count`.
fn append(reply: &mut Value, list: &str, value: Value) {
    if let Some(values) = reply[format!("{list}List")].as_array_mut() {
        values.push(value);
        let count = values.len();
        reply[format!("{list}Count")] = count.into();
    }
}

/// Returns a reply without data. Even a refusal has all fields.
fn empty_reply(ret: Ret) -> Value {
    let no_key = json!({ "Count": 0, "List": [] });
    json!({
        "BaseResponse": base_response(ret), "AddMsgCount": 0, "AddMsgList": [],
        "ModContactCount": 0, "ModContactList": [], "DelContactCount": 0, "DelContactList": [],
        "ModChatRoomMemberCount": 0, "ModChatRoomMemberList": [], "Profile": unchanged_profile(),
        "ContinueFlag": 0, "SyncKey": no_key, "SKey": "", "SyncCheckKey": no_key,
    })
}

/// Returns the profile of the account, in which nothing has changed.
fn unchanged_profile() -> Value {
    json!({
        "BitFlag": 0, "UserName": { "Buff": "" }, "NickName": { "Buff": "" }, "BindUin": 0,
        "BindEmail": { "Buff": "" }, "BindMobile": { "Buff": "" }, "Status": 0, "Sex": 0,
        "PersonalCard": 0, "Alias": "", "HeadImgUpdateFlag": 0, "HeadImgUrl": "", "Signature": "",
    })
}

fn check_rr(call: &ReceivedCall<'_>) {
    if call.posted_json().is_some_and(|body| !body["rr"].is_i64()) {
        call.violation("rr is not a number");
    }
}
