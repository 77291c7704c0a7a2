//! webwxinit, synccheck and webwxsync: how pictures given to the builder arrive.

use std::time::Duration;

use serde_json::{Value, json};

use super::contacts;
use crate::account::{INVALID_SESSION, MALFORMED, NO_SESSION};
use crate::answers::base_response;
use crate::hub::{Call, Hub};
use crate::mailbox::Incoming;
use crate::reply::Reply;

/// The SyncKey starts here; the entry with key 2 counts messages.
const START: u64 = 653_210_000;
/// How long synccheck is held when there is nothing: the real 25 s would be long for a test.
const HOLD: Duration = Duration::from_millis(500);

pub(super) fn init(call: &Call, hub: &Hub) -> Reply {
    if let Err(ret) = super::admit(call, hub) {
        return super::refusal(&call.endpoint, ret);
    }
    let mut answer = empty_init(0);
    let contacts = contacts::list(hub);
    answer["Count"] = contacts.len().into();
    answer["ContactList"] = contacts.into();
    answer["SyncKey"] = sync_key(hub.mailbox().acknowledged);
    answer["User"]["Uin"] = hub.account.uin.into();
    answer["User"]["UserName"] = hub.account.user_name.as_str().into();
    answer["User"]["NickName"] = "Emulated".into();
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
    if super::admit_cookies(call, hub).is_err()
        || word("sid") != hub.account.sid
        || word("uin") != hub.account.uin.to_string()
    {
        return check_answer(NO_SESSION, 0);
    }
    if !hub.account.knows_skey(&word("skey")) {
        return check_answer(INVALID_SESSION, 0);
    }
    let synckey = word("synckey");
    let counter =
        synckey.split('|').find_map(|pair| pair.strip_prefix("2_")).and_then(|val| val.parse().ok());
    if seen(counter) < hub.mailbox().incoming.len() {
        return check_answer(0, 2);
    }
    tokio::time::sleep(HOLD).await;
    check_answer(0, 0)
}

pub(super) fn check_answer(retcode: i64, selector: u32) -> Reply {
    Reply::text(format!("window.synccheck={{retcode:\"{retcode}\",selector:\"{selector}\"}}"))
}

pub(super) fn sync(call: &Call, hub: &Hub) -> Reply {
    match try_sync(call, hub) {
        Ok(answer) => Reply::json(answer),
        Err(ret) => super::refusal(&call.endpoint, ret),
    }
}

fn try_sync(call: &Call, hub: &Hub) -> Result<Value, i64> {
    let body = super::admit(call, hub)?;
    let keys = body["SyncKey"]["List"].as_array().ok_or(MALFORMED)?;
    let counter = keys.iter().find(|entry| entry["Key"] == 2).and_then(|entry| entry["Val"].as_u64());
    let mut mailbox = hub.mailbox();
    let total = mailbox.incoming.len();
    let seen = seen(counter).min(total);
    // The key shows what the client has: only that is not delivered again to the next login.
    mailbox.acknowledged = mailbox.acknowledged.max(seen);
    let messages: Vec<Value> =
        mailbox.incoming[seen..].iter().map(|incoming| message(hub, incoming)).collect();
    let mut answer = empty_sync(0);
    answer["AddMsgCount"] = messages.len().into();
    answer["AddMsgList"] = messages.into();
    answer["SyncKey"] = sync_key(total);
    answer["SyncCheckKey"] = sync_key(total);
    Ok(answer)
}

pub(super) fn empty_sync(ret: i64) -> Value {
    let no_key = json!({ "Count": 0, "List": [] });
    json!({
        "BaseResponse": base_response(ret), "AddMsgCount": 0, "AddMsgList": [], "ModContactCount": 0,
        "ModContactList": [], "DelContactCount": 0, "DelContactList": [], "ModChatRoomMemberCount": 0,
        "ModChatRoomMemberList": [], "Profile": { "BitFlag": 0 }, "ContinueFlag": 0, "SyncKey": no_key, "SKey": "",
        "SyncCheckKey": no_key,
    })
}

fn sync_key(count: usize) -> Value {
    let entries = [(1, START), (2, START + count as u64), (3, START - 1), (1000, 1_511_493_942)];
    let list: Vec<Value> = entries.into_iter().map(|(key, val)| json!({ "Key": key, "Val": val })).collect();
    json!({ "Count": list.len(), "List": list })
}

/// How many messages a client with this counter has; without one, none.
fn seen(counter: Option<u64>) -> usize {
    counter.map_or(0, |counter| counter.saturating_sub(START) as usize)
}

fn message(hub: &Hub, Incoming { msg_id, picture }: &Incoming) -> Value {
    let (height, width) = picture.announced();
    let (length, md5) = (picture.bytes.len(), &picture.md5);
    let (kind, content) = if picture.is_gif() {
        (47, format!("&lt;msg&gt;&lt;emoji md5=\"{md5}\" len=\"{length}\" /&gt;&lt;/msg&gt;"))
    } else {
        (3, format!("&lt;msg&gt;&lt;img length=\"{length}\" md5=\"{md5}\" /&gt;&lt;/msg&gt;"))
    };
    json!({
        "MsgId": msg_id.to_string(), "FromUserName": hub.account.friend, "ToUserName": hub.account.user_name,
        "MsgType": kind, "Content": content, "Status": 3, "ImgStatus": 2, "CreateTime": 1_511_493_942,
        "VoiceLength": 0, "PlayLength": 0, "FileName": "", "FileSize": "", "MediaId": "", "Url": "",
        "AppMsgType": 0, "StatusNotifyCode": 0, "StatusNotifyUserName": "", "ForwardFlag": 0, "HasProductId": 0,
        "Ticket": "", "ImgHeight": height, "ImgWidth": width, "SubMsgType": 0, "NewMsgId": msg_id,
        "OriContent": "", "EncryFileName": "",
        "RecommendInfo": { "UserName": "", "NickName": "" }, "AppInfo": { "AppID": "", "Type": 0 },
    })
}
