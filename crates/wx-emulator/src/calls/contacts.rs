//! webwxgetcontact and webwxbatchgetcontact.

use serde_json::{Value, json};

use crate::account::INVALID_SESSION;
use crate::hub::{Call, Hub};
use crate::replies::base_response;
use crate::reply::Reply;

pub(super) fn all(call: &Call, hub: &Hub) -> Reply {
    let admitted = super::admit_cookies(call, hub).and_then(|()| {
        let skey = call.query.get("skey").unwrap_or_default();
        if hub.account.knows_skey(&skey) { Ok(()) } else { Err(INVALID_SESSION) }
    });
    if let Err(ret) = admitted {
        return super::refusal(&call.endpoint, ret);
    }
    let (all, per_page) = (hub.contact_list(), hub.options.contacts_per_page);
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
    let known = hub.contacts_with_members();
    let find = |asked: &Value| {
        let contact = known.iter().find(|contact| contact["UserName"] == asked["UserName"]);
        contact.cloned().or_else(|| {
            hub.member_of(asked["EncryChatRoomId"].as_str()?, asked["UserName"].as_str()?)
        })
    };
    let asked = body["List"].as_array().into_iter().flatten();
    let found: Vec<Value> = asked.filter_map(find).collect();
    Reply::json(
        json!({ "BaseResponse": base_response(0), "Count": found.len(), "ContactList": found }),
    )
}
