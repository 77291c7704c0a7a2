//! Lists of contacts. A damaged string affects only its own contact, every contact is either read
//! or counted, a damaged id never becomes a different valid id, and a truncated list is an error.

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::batch_get_contact::{BatchGetContact, FoundContacts};
use wx_proto::endpoint::get_contact::{Contacts, GetContact};
use wx_proto::http::Response;
use wx_proto::{ReplyError, UserName};

use super::spoiled;

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
    })
}

/// The first byte selects a string, the second byte whether it is replaced or extended, and the
/// rest is the text. The same bytes are also read as a whole reply.
pub fn check(data: &[u8]) {
    whole(data);
    let [which, append, bytes @ ..] = data else { return };
    let [first, middle, last] = ["@a", "@@b", "@c"].map(contact);
    let clean = |json: &Value| {
        read_some(&spoiled::answer("ContactList", &[json.to_string().as_bytes()]))
            .unwrap()
            .contacts
            .remove(0)
    };
    let spoiled = spoiled::element(&middle, usize::from(*which), append & 1 != 0, bytes);
    let list = [first.to_string().into_bytes(), spoiled.clone(), last.to_string().into_bytes()];
    let list = list.each_ref().map(Vec::as_slice);
    let body = spoiled::answer("MemberList", &list);
    let Contacts { contacts, skipped, .. } =
        read(&body).expect("a good answer with an odd element");

    assert_eq!(contacts.len() as u64 + skipped.unreadable, 3);
    let found = read_some(&spoiled::answer("ContactList", &list)).expect("the same");
    assert_eq!((&found.contacts, found.skipped), (&contacts, skipped));
    assert_eq!((contacts.first(), contacts.last()), (Some(&clean(&first)), Some(&clean(&last))));
    if let [_, read, _] = &contacts[..] {
        let seen: Value = serde_json::from_slice(&spoiled).unwrap_or(middle);
        let name = seen["UserName"].as_str().unwrap_or_default();
        assert_eq!(Some(&read.user_name), UserName::new(name).ok().as_ref());
        // Only rooms have members, and each is either read or counted.
        if seen_list(&spoiled) {
            let room = read.room.as_ref();
            let members = room.map_or(0, |it| it.members.len() as u64 + it.skipped.unreadable);
            assert_eq!(members, u64::from(read.is_room()));
        }
    }
    assert!(spoiled::truncations(&body).all(|cut| read(cut).is_err()));
}

/// Returns whether a contact still has its list of members.
fn seen_list(json: &[u8]) -> bool {
    serde_json::from_slice::<Value>(json).is_ok_and(|seen| seen["MemberList"].is_array())
}

fn whole(body: &[u8]) {
    if let Ok(listed) = read(body) {
        assert!(
            spoiled::truncations(body).all(|cut| read(cut).is_err()),
            "a cut answer was taken for a whole one"
        );
        counted(
            body,
            "MemberList",
            listed.contacts.len(),
            listed.skipped.unreadable + listed.skipped.over_limit,
        );
    }
    if let Ok(found) = read_some(body) {
        assert!(spoiled::truncations(body).all(|cut| read_some(cut).is_err()));
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
