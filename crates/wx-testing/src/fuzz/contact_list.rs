//! Lists of contacts. A damaged string affects only its own contact, every contact is either read
//! or counted, a damaged id never becomes a different valid id, and a truncated list is an error.

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::batch_get_contact::{BatchGetContact, FoundContacts};
use wx_proto::endpoint::get_avatar::GetAvatar;
use wx_proto::endpoint::get_contact::{Contacts, GetContact};
use wx_proto::http::Response;
use wx_proto::{Avatar, ReplyError, UserName};

use super::damaged_list;
use crate::harness::{SEED, session};

fn read(body: &[u8]) -> Result<Contacts, ReplyError> {
    GetContact::read(&Response::new(Bytes::copy_from_slice(body)))
}

fn read_some(body: &[u8]) -> Result<FoundContacts, ReplyError> {
    BatchGetContact::read(&Response::new(Bytes::copy_from_slice(body)))
}

fn contact(name: &str) -> Value {
    json!({
        "UserName": name, "NickName": "A &amp; B", "RemarkName": "Anna", "Sex": 0,
        "MemberList": [{ "UserName": "@member", "NickName": "x" }], "EncryChatRoomId": "",
        "HeadImgUrl": "/cgi-bin/mmwebwx-bin/webwxgeticon?seq=1&username=@a&skey=@crypt_0",
    })
}

/// The first byte selects a string, the second byte whether it is replaced or extended, and the
/// rest is the text. The same bytes are also read as a whole reply.
pub fn check(data: &[u8]) {
    check_complete(data);
    let [which, append, bytes @ ..] = data else { return };
    let [first, middle, last] = ["@a", "@@b", "@c"].map(contact);
    let clean = |json: &Value| {
        read_some(&damaged_list::answer("ContactList", &[json.to_string().as_bytes()]))
            .unwrap()
            .contacts
            .remove(0)
    };
    let damaged = damaged_list::element(&middle, usize::from(*which), append & 1 != 0, bytes);
    let list = [first.to_string().into_bytes(), damaged.clone(), last.to_string().into_bytes()];
    let list = list.each_ref().map(Vec::as_slice);
    let body = damaged_list::answer("MemberList", &list);
    let Contacts { contacts, skipped, .. } =
        read(&body).expect("a valid reply with an altered element");

    assert_eq!(contacts.len() as u64 + skipped.unreadable, 3);
    let found = read_some(&damaged_list::answer("ContactList", &list)).expect("the same");
    assert_eq!((&found.contacts, found.skipped), (&contacts, skipped));
    assert_eq!((contacts.first(), contacts.last()), (Some(&clean(&first)), Some(&clean(&last))));
    if let [_, read, _] = &contacts[..] {
        check_avatar(&read.avatar());
        let seen: Value = serde_json::from_slice(&damaged).unwrap_or(middle);
        let name = seen["UserName"].as_str().unwrap_or_default();
        assert_eq!(Some(&read.user_name), UserName::new(name).ok().as_ref());
        // Only rooms have members, and each is either read or counted.
        if has_members(&damaged) {
            let room = read.room.as_ref();
            let members = room.map_or(0, |it| it.members.len() as u64 + it.skipped.unreadable);
            assert_eq!(members, u64::from(read.is_room()));
        }
    }
    assert!(damaged_list::truncations(&body).all(|part| read(part).is_err()));
}

/// Checks that an avatar is requested at the host of the login, by one of its calls, whatever the
/// server wrote, and that it is the same after JSON.
fn check_avatar(avatar: &Avatar) {
    let request = GetAvatar::new(avatar.clone(), SEED).request(&session()).unwrap();
    let uri = request.http().uri();
    assert_eq!(uri.authority().unwrap(), "wx.qq.com");
    let call = uri.path().strip_prefix("/cgi-bin/mmwebwx-bin/").unwrap();
    assert!(["webwxgeticon", "webwxgetheadimg"].contains(&call), "{uri}");
    assert_eq!(call, request.endpoint());
    let saved = serde_json::to_value(avatar).unwrap();
    assert!(!saved["head_img_url"].to_string().contains("crypt_"), "{saved}");
    assert_eq!(&serde_json::from_value::<Avatar>(saved).unwrap(), avatar);
}

/// Returns whether a contact still has its list of members.
fn has_members(json: &[u8]) -> bool {
    serde_json::from_slice::<Value>(json).is_ok_and(|seen| seen["MemberList"].is_array())
}

fn check_complete(body: &[u8]) {
    if let Ok(listed) = read(body) {
        assert!(
            damaged_list::truncations(body).all(|part| read(part).is_err()),
            "a truncated reply counted as a complete one"
        );
        counted(
            body,
            "MemberList",
            listed.contacts.len(),
            listed.skipped.unreadable + listed.skipped.over_limit,
        );
    }
    if let Ok(found) = read_some(body) {
        assert!(damaged_list::truncations(body).all(|part| read_some(part).is_err()));
        let FoundContacts { contacts, skipped, .. } = found;
        counted(body, "ContactList", contacts.len(), skipped.unreadable + skipped.over_limit);
    }
}

fn counted(body: &[u8], key: &str, read: usize, skipped: u64) {
    assert!(read <= 20_000);
    let Ok(seen) = serde_json::from_slice::<Value>(body) else { return };
    // Anything that is not a list counts as one element.
    let sent = match &seen[key] {
        Value::Null => 0,
        Value::Array(list) => list.len(),
        _ => 1,
    };
    assert_eq!(read as u64 + skipped, sent as u64);
}
