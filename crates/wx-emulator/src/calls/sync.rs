//! webwxinit, synccheck and webwxsync: how messages arrive.

use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use serde_json::{Value, json};

use crate::account::{INVALID_SESSION, MALFORMED, NO_SESSION};
use crate::hub::{Call, Hub};
use crate::login::State;
use crate::people::NICK_NAME;
use crate::replies::base_response;
use crate::reply::Reply;

/// The SyncKey starts here; the entry with key 2 counts messages.
const START: u64 = 653_210_000;
/// The entry with key 1000, in SyncKey and in SyncCheckKey.
const CLOCK: u64 = 1_511_493_942;
const CHECK_CLOCK: u64 = CLOCK + 1;

pub(super) fn init(call: &Call, hub: &Hub) -> Reply {
    if let Err(ret) = super::admit(call, hub) {
        return super::refusal(&call.endpoint, ret);
    }
    let mut answer = empty_init(0);
    let contacts = hub.contacts_with_members();
    answer["Count"] = contacts.len().into();
    answer["ContactList"] = contacts.into();
    answer["SyncKey"] = first_sync_key(hub.mailbox().acknowledged);
    answer["User"]["Uin"] = hub.account.uin.into();
    answer["User"]["UserName"] = hub.account.user_name.as_str().into();
    answer["User"]["NickName"] = NICK_NAME.into();
    answer["ChatSet"] = hub.account.contacts().join(",").into();
    answer["SKey"] = hub.account.skey.as_str().into();
    Reply::json(answer)
}

/// Every field is there even in a refusal.
pub(super) fn empty_init(ret: i64) -> Value {
    json!({
        "BaseResponse": base_response(ret), "Count": 0, "ContactList": [], "SyncKey": { "Count": 0, "List": [] },
        "User": {
            "Uin": 0, "UserName": "", "NickName": "", "HeadImgUrl": "", "RemarkName": "", "PYInitial": "",
            "PYQuanPin": "", "RemarkPYInitial": "", "RemarkPYQuanPin": "", "HideInputBarFlag": 0, "StarFriend": 0,
            "Sex": 0, "Signature": "", "AppAccountFlag": 0, "VerifyFlag": 0, "ContactFlag": 0,
            "WebWxPluginSwitch": 0, "HeadImgFlag": 0, "SnsFlag": 0,
        },
        "ChatSet": "", "SKey": "", "ClientVersion": 0, "SystemTime": 0, "GrayScale": 0, "InviteStartCount": 0,
        "MPSubscribeMsgCount": 0, "MPSubscribeMsgList": [], "ClickReportInterval": 600_000,
    })
}

pub(super) async fn check(call: &Call, hub: &Hub) -> Reply {
    let word = |name: &str| call.query.get(name).unwrap_or_default();
    if let Err(ret) = super::admit_cookies(call, hub) {
        return check_answer(ret, 0);
    }
    if word("sid") != hub.account.sid || word("uin") != hub.account.uin.to_string() {
        return check_answer(NO_SESSION, 0);
    }
    if !hub.account.knows_skey(&word("skey")) {
        return check_answer(INVALID_SESSION, 0);
    }
    let synckey = word("synckey");
    let val =
        |key: &str| synckey.split('|').find_map(|pair| pair.strip_prefix(key)?.parse::<u64>().ok());
    if hub.mailbox().synced && val("1000_") == Some(CLOCK) {
        hub.violation(&call.endpoint, "SyncKey though webwxsync gave a SyncCheckKey");
    }
    let arrived = hub.arrival.notified();
    if seen(val("2_")) < hub.mailbox().incoming.len() {
        return check_answer(0, 2);
    }
    let _ = tokio::time::timeout(hub.options.hold, arrived).await;
    match hub.logins().state {
        State::In if seen(val("2_")) < hub.mailbox().incoming.len() => check_answer(0, 2),
        State::In => check_answer(0, 0),
        State::Out => check_answer(NO_SESSION, 0),
        State::Kicked => check_answer(INVALID_SESSION, 0),
    }
}

pub(super) fn check_answer(retcode: i64, selector: u32) -> Reply {
    Reply::script(format!("window.synccheck={{retcode:\"{retcode}\",selector:\"{selector}\"}}"))
        .header(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
}

pub(super) fn sync(call: &Call, hub: &Hub) -> Reply {
    match try_sync(call, hub) {
        Ok(answer) => {
            hub.mailbox().synced = true;
            super::sign_in::renew_cookies(Reply::json(answer), call, hub)
        }
        Err(ret) => super::refusal(&call.endpoint, ret),
    }
}

fn try_sync(call: &Call, hub: &Hub) -> Result<Value, i64> {
    let body = super::admit(call, hub)?;
    let keys = body["SyncKey"]["List"].as_array().ok_or(MALFORMED)?;
    let val = |key: u64| {
        keys.iter().find(|entry| entry["Key"] == key).and_then(|entry| entry["Val"].as_u64())
    };
    if keys.iter().any(|entry| !entry["Key"].is_u64() || !entry["Val"].is_u64()) {
        hub.violation(&call.endpoint, "SyncKey with something else than numbers");
    }
    match val(1000) {
        Some(CLOCK) => {}
        Some(CHECK_CLOCK) => hub.violation(&call.endpoint, "SyncCheckKey in the place of SyncKey"),
        _ => hub.violation(&call.endpoint, "a SyncKey that this server never gave"),
    }
    let mut mailbox = hub.mailbox();
    let total = mailbox.incoming.len();
    let seen = seen(val(2)).min(total);
    // The key shows what the client has: only that is not delivered again to the next login.
    mailbox.acknowledged = mailbox.acknowledged.max(seen);
    let from = if hub.options.duplicates { seen.saturating_sub(1) } else { seen };
    let to = total.min(seen.saturating_add(hub.options.batch));
    let messages: Vec<Value> =
        mailbox.incoming[from..to].iter().map(|incoming| incoming.message.clone()).collect();
    let mut answer = empty_sync(0);
    answer["AddMsgCount"] = messages.len().into();
    answer["AddMsgList"] = messages.into();
    answer["ContinueFlag"] = u8::from(to < total).into();
    answer["SyncKey"] = sync_key(to, CLOCK);
    answer["SyncCheckKey"] = sync_key(to, CHECK_CLOCK);
    Ok(answer)
}

pub(super) fn empty_sync(ret: i64) -> Value {
    let no_key = json!({ "Count": 0, "List": [] });
    json!({
        "BaseResponse": base_response(ret), "AddMsgCount": 0, "AddMsgList": [], "ModContactCount": 0,
        "ModContactList": [], "DelContactCount": 0, "DelContactList": [], "ModChatRoomMemberCount": 0,
        "ModChatRoomMemberList": [], "Profile": profile(), "ContinueFlag": 0, "SyncKey": no_key, "SKey": "",
        "SyncCheckKey": no_key,
    })
}

/// The account's own data, none of which has changed.
fn profile() -> Value {
    json!({
        "BitFlag": 0, "UserName": { "Buff": "" }, "NickName": { "Buff": "" }, "BindUin": 0,
        "BindEmail": { "Buff": "" }, "BindMobile": { "Buff": "" }, "Status": 0, "Sex": 0,
        "PersonalCard": 0, "Alias": "", "HeadImgUpdateFlag": 0, "HeadImgUrl": "", "Signature": "",
    })
}

/// The key of webwxinit has fewer entries than those of webwxsync.
fn first_sync_key(count: usize) -> Value {
    key_of(&[(1, START), (2, START + count as u64), (3, START - 1), (1000, CLOCK)])
}

fn sync_key(count: usize, clock: u64) -> Value {
    key_of(&[
        (1, START),
        (2, START + count as u64),
        (3, START - 1),
        (11, START - 7),
        (201, CLOCK - 60),
        (1000, clock),
        (1001, CLOCK - 3600),
    ])
}

fn key_of(entries: &[(u64, u64)]) -> Value {
    let list: Vec<Value> =
        entries.iter().map(|(key, val)| json!({ "Key": key, "Val": val })).collect();
    json!({ "Count": list.len(), "List": list })
}

/// How many messages a client with this counter has; without one, none.
fn seen(counter: Option<u64>) -> usize {
    counter.map_or(0, |counter| counter.saturating_sub(START) as usize)
}
