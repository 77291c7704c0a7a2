use serde_json::{Value, json};

use super::*;

fn vector() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/contacts_rooms.json")).unwrap()
}

fn read(json: &Value) -> Contact {
    Contact::from_json(serde_json::from_str(&json.to_string()).unwrap()).unwrap()
}

/// Adds a UserName to the fields of a contact.
fn contact(user_name: &str, fields: &Value) -> Contact {
    let mut json = fields.clone();
    json["UserName"] = user_name.into();
    read(&json)
}

#[test]
fn a_contact_is_shown_by_its_remark_if_there_is_one() {
    for (remark, name) in [(json!(""), "Anna"), (json!(null), "Anna"), (json!("A&amp;B"), "A&B")] {
        let json = json!({ "UserName": "@a", "NickName": "Anna", "RemarkName": remark });
        let contact = read(&json);
        assert_eq!(contact.remark_name.is_some(), name != "Anna", "{remark}");
        assert_eq!(contact.name(), name);
    }
}

#[test]
fn p93_names_are_chosen_in_order_after_decoding() {
    let vector = vector();
    for case in vector["names"].as_array().unwrap() {
        let name = if let Some(fields) = case.get("contact") {
            contact("@a", fields).name().into_owned()
        } else if let Some(room) = case.get("room") {
            let names = room["members"].as_array().unwrap().iter().enumerate();
            let members: Vec<_> = names
                .map(|(at, name)| json!({ "UserName": format!("@{at}"), "NickName": name }))
                .collect();
            let mut room = room.clone();
            room["MemberList"] = members.into();
            contact("@@a", &room).name().into_owned()
        } else {
            let friend = contact("@a", &case["member"]);
            let list = json!({ "MemberList": [case["member"].clone()] });
            let mut room = list.clone();
            room["MemberList"][0]["UserName"] = "@a".into();
            let room = contact("@@a", &room).room.unwrap();
            room.members[0].name(friend.remark_name.as_deref()).to_owned()
        };
        assert_eq!(name, case["expect"].as_str().unwrap(), "{case}");
    }
}

#[test]
fn p92_a_room_has_members_and_a_second_name() {
    let json = &vector()["room_object"];
    let contact = read(json);
    assert!(contact.is_room() && contact.kind == ContactKind::Room);
    let room = contact.room.as_ref().unwrap();
    assert_eq!((room.members.len(), room.member_count, room.is_owner), (2, 2, false));
    assert_eq!(
        room.encry_chat_room_id.as_ref().unwrap().as_str(),
        json["EncryChatRoomId"].as_str().unwrap()
    );
    let [me, anna] = &room.members[..] else { panic!("two members") };
    assert_eq!((me.nick_name.as_str(), me.display_name.as_deref()), ("Me", None));
    assert_eq!(anna.name(None), "Anna in the room");
    for case in vector()["flags"]["room_Statues"].as_array().unwrap() {
        let mut json = json.clone();
        json["Statues"] = case["value"].clone();
        assert_eq!(read(&json).flags.is_muted(), case["muted"], "{case}");
        json["UserName"] = "@a".into();
        assert!(!read(&json).flags.is_muted(), "the field is one of rooms");
    }
}

#[test]
fn an_odd_member_list_costs_only_itself() {
    let of = |list: Value| {
        let list = json!({ "UserName": "@@a", "MemberList": list, "EncryChatRoomId": 7 });
        *read(&list).room.unwrap()
    };
    let odd =
        json!([{ "UserName": "@a" }, 7, {}, { "UserName": "a\u{fffd}" }, { "UserName": "@b" }]);
    let room = of(odd);
    assert_eq!((room.members.len(), room.skipped.unreadable), (2, 3));
    for odd in [json!("x"), json!({}), json!(7)] {
        let room = of(odd);
        assert_eq!((room.members.len(), room.skipped.unreadable), (0, 1));
    }
    assert_eq!(read(&json!({ "UserName": "@@a", "MemberList": null })).room, None);
    assert_eq!(contact("@a", &json!({ "MemberList": [{ "UserName": "@b" }] })).room, None);
}

#[test]
fn debug_shows_no_name_and_no_secret() {
    let mut json = vector()["room_object"].clone();
    json["RemarkName"] = "canary".into();
    json["HeadImgUrl"] = "/x?skey=canary".into();
    let contact = read(&json);
    let room = contact.room.as_ref().unwrap();
    let shown = format!("{contact:?} {room:?} {:?}", room.members);
    for hidden in ["Tea", "Anna", "canary", "Me\"", "@"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    assert!(shown.contains("members: 2"), "{shown}");
}
