//! webwxgetcontact and webwxbatchgetcontact: the whole contact list, and some of its contacts.

use serde_json::{Value, json};

use crate::exchange::call_spec::{
    CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::profile::Profile;
use crate::model::replies::base_response;
use crate::model::ret::MALFORMED;

/// The maximum number of contacts that webwxbatchgetcontact returns. Clients that requested more
/// rooms did not receive the members of the others.
const CONTACTS_PER_CALL: usize = 50;

pub(super) const GET_CONTACT: CallSpec = CallSpec {
    name: "webwxgetcontact",
    // Some clients use POST, with or without a body.
    methods: &["GET", "POST"],
    host: HostRole::Page,
    login: Login::Skey,
    handler: Handler::Sync(get_all),
    refusal: Refusal::Ret(Reply::base_response),
    page: PageRequest {
        raw: &["skey"],
        ..PageRequest::script(&["lang?", "pass_ticket?", "r", "seq", "skey"], PageBody::Unchecked)
    },
};

pub(super) const BATCH_GET_CONTACT: CallSpec = CallSpec {
    name: "webwxbatchgetcontact",
    methods: &["POST"],
    host: HostRole::Page,
    login: Login::BaseRequest,
    handler: Handler::Sync(get_some),
    refusal: Refusal::Ret(Reply::base_response),
    page: PageRequest {
        fixed: &[("type", &["ex"])],
        check: check_list,
        ..PageRequest::script(
            &["type", "r", "lang?", "pass_ticket?"],
            PageBody::Json(&["BaseRequest", "Count", "List"]),
        )
    },
};

fn get_all(call: &ReceivedCall<'_>) -> Outcome {
    check_page(call);
    let (all, per_page) = (call.state.contact_list(), call.state.options.contacts_per_page);
    let from = call.parameter("seq").parse().unwrap_or(0).min(all.len());
    let to = all.len().min(from.saturating_add(per_page));
    let members = &all[from..to];
    let seq = if to < all.len() { to } else { 0 };
    Ok(Reply::json(json!({
        "BaseResponse": base_response(0),
        "MemberCount": members.len(),
        "MemberList": members,
        "Seq": seq,
    })))
}

/// The page of the File Transfer Helper has no contacts.
fn check_page(call: &ReceivedCall<'_>) {
    if call.state.logins().profile == Profile::FileHelper {
        call.violation("the page of the File Transfer Helper requests no contacts");
    }
}

fn get_some(call: &ReceivedCall<'_>) -> Outcome {
    check_page(call);
    let body = call.json.as_ref().ok_or(MALFORMED)?;
    let find = |wanted: &Value| {
        let user_name = wanted["UserName"].as_str()?;
        let contact = call.state.contact_with_members(user_name);
        contact.or_else(|| call.state.member_of(wanted["EncryChatRoomId"].as_str()?, user_name))
    };
    let wanted = body["List"].as_array().ok_or(MALFORMED)?;
    if wanted.len() > CONTACTS_PER_CALL {
        call.violation("more than 50 contacts in one call");
    }
    if body["Count"] != wanted.len() {
        call.violation("Count is not the length of List");
    }
    let found: Vec<Value> = wanted.iter().take(CONTACTS_PER_CALL).filter_map(find).collect();
    Ok(Reply::json(json!({
        "BaseResponse": base_response(0),
        "Count": found.len(),
        "ContactList": found,
    })))
}

/// Checks that each element of the list is written like the page writes it: a room with its own
/// `ChatRoomId`, which is empty, and a person with the `EncryChatRoomId` of a room.
fn check_list(call: &ReceivedCall<'_>) {
    let Some(list) = call.posted_json().and_then(|body| body["List"].as_array()) else { return };
    let is_official = |wanted: &Value| {
        let user_name = wanted["UserName"].as_str().unwrap_or_default();
        let is_room = user_name.starts_with("@@") || user_name.ends_with("@chatroom");
        let keys = ["UserName", if is_room { "ChatRoomId" } else { "EncryChatRoomId" }];
        let has_keys = wanted.as_object().is_some_and(|pairs| pairs.keys().eq(keys));
        has_keys && (!is_room || wanted["ChatRoomId"] == "")
    };
    if !list.iter().all(is_official) {
        call.violation("an element of List has other keys than the page's, or in another order");
    }
}
