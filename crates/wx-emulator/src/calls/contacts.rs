//! webwxgetcontact and webwxbatchgetcontact.

use serde_json::{Value, json};

use crate::account::INVALID_SESSION;
use crate::answers::base_response;
use crate::hub::{Call, Hub};
use crate::reply::Reply;

pub(super) fn all(call: &Call, hub: &Hub) -> Reply {
    let admitted = super::admit_cookies(call, hub).and_then(|()| {
        let skey = call.query.get("skey").unwrap_or_default();
        if hub.account.knows_skey(&skey) { Ok(()) } else { Err(INVALID_SESSION) }
    });
    if let Err(ret) = admitted {
        return super::refusal(&call.endpoint, ret);
    }
    let (all, per_page) = (list(hub), hub.options.contacts_per_page);
    let from = call.query.get("seq").and_then(|seq| seq.parse().ok()).unwrap_or(0).min(all.len());
    let to = all.len().min(from.saturating_add(per_page));
    let members = &all[from..to];
    let seq = if to < all.len() { to } else { 0 };
    Reply::json(json!({
        "BaseResponse": base_response(0), "MemberCount": members.len(), "MemberList": members, "Seq": seq,
    }))
}

pub(super) fn some(call: &Call, hub: &Hub) -> Reply {
    let body = match super::admit(call, hub) {
        Ok(body) => body,
        Err(ret) => return super::refusal(&call.endpoint, ret),
    };
    let asked: Vec<&str> =
        body["List"].as_array().into_iter().flatten().filter_map(|c| c["UserName"].as_str()).collect();
    let found: Vec<Value> = list(hub)
        .into_iter()
        .filter(|c| c["UserName"].as_str().is_some_and(|name| asked.contains(&name)))
        .collect();
    Reply::json(json!({ "BaseResponse": base_response(0), "Count": found.len(), "ContactList": found }))
}

pub(super) fn list(hub: &Hub) -> Vec<Value> {
    let names = ["Friend", "Second friend", "File Transfer"];
    let known = hub.account.contacts();
    let always = known.iter().zip(names).map(|(user_name, nick_name)| contact(user_name, nick_name, ""));
    let more = hub.options.contacts.iter();
    always
        .chain(more.map(|c| contact(&c.user_name, &escaped(&c.nick_name), &escaped(&c.remark_name))))
        .collect()
}

/// The server escapes what it shows.
fn escaped(name: &str) -> String {
    name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn contact(user_name: &str, nick_name: &str, remark_name: &str) -> Value {
    json!({
        "Uin": 0, "UserName": user_name, "NickName": nick_name, "HeadImgUrl": "", "ContactFlag": 3,
        "MemberCount": 0, "MemberList": [], "RemarkName": remark_name, "HideInputBarFlag": 0, "Sex": 0, "Signature": "",
        "VerifyFlag": 0, "OwnerUin": 0, "PYInitial": "", "PYQuanPin": "", "RemarkPYInitial": "",
        "RemarkPYQuanPin": "", "StarFriend": 0, "AppAccountFlag": 0, "Statues": 0, "AttrStatus": 0,
        "Province": "", "City": "", "Alias": "", "SnsFlag": 0, "UniFriend": 0, "DisplayName": "",
        "ChatRoomId": 0, "KeyWord": "", "EncryChatRoomId": "", "IsOwner": 0,
    })
}
