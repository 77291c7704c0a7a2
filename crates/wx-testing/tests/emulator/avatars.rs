//! webwxgeticon and webwxgetheadimg.

use serde_json::json;
use wx_emulator::{Emulator, Incoming};

use crate::more_calls::synced;
use crate::page::{PATH, Page};
use wx_testing::raw_client::Reply;

const STRANGER: &str = "@57a4";

fn server() -> Emulator {
    Emulator::builder().contact("Anna", "").room("Room", ["Bob"]).start().unwrap()
}

/// Returns the `HeadImgUrl` of a contact, without the path.
fn head_img_url(page: &Page, user_name: &str) -> String {
    let all = page.get(&format!("webwxgetcontact?r=1&seq=0&skey={}", page.word("skey")));
    let all = all.unwrap().json();
    let mut list = all["MemberList"].as_array().unwrap().iter();
    let contact = list.find(|contact| contact["UserName"] == user_name).unwrap();
    let url = contact["HeadImgUrl"].as_str().unwrap();
    url.strip_prefix(&format!("{PATH}/")).unwrap().to_owned()
}

fn get(page: &Page, target: &str) -> Reply {
    let reply = page.get(target).unwrap();
    assert_eq!(reply.status, 200, "{target}");
    reply
}

#[test]
fn a_replaced_avatar_has_another_seq_and_a_removed_one_is_empty() {
    let server = server();
    let page = Page::new(&server);
    let anna = server.contact("Anna").unwrap();
    let old = head_img_url(&page, anna);
    assert!(get(&page, &old).body == server.avatar(anna).unwrap(), "other bytes");
    server.set_avatar(anna, Some("another".into()));
    let new = head_img_url(&page, anna);
    assert_ne!(old, new);
    for url in [&old, &new] {
        assert_eq!(get(&page, url).body, b"another", "the picture is the current one");
    }
    server.set_avatar(anna, None);
    let none = get(&page, &head_img_url(&page, anna));
    assert_eq!((none.body.len(), none.header("content-type")), (0, Some("image/jpeg")));
    assert_eq!(server.avatar(anna), None);
    assert_eq!(server.violations(), [""; 0]);
    // A wrong skey looks like no picture.
    server.set_avatar(anna, Some("another".into()));
    let wrong = get(&page, &format!("webwxgeticon?seq=0&username={anna}&skey=@crypt_wrong"));
    assert_eq!((wrong.body.len(), wrong.header("content-type")), (0, Some("text/plain")));
}

#[test]
fn a_stranger_has_an_avatar_with_the_friend_request_alone() {
    let server = server();
    let page = Page::new(&server);
    let id = server.deliver(Incoming::friend_request(STRANGER, "Carl", "hi"));
    let plain = format!("webwxgeticon?seq=0&username={STRANGER}&skey={}", page.word("skey"));
    let theirs = get(&page, &format!("{plain}&msgid={id}")).body;
    assert!(theirs == server.avatar(STRANGER).unwrap() && !theirs.is_empty());
    assert_eq!(server.violations(), [""; 0]);
    assert!(get(&page, &plain).body.is_empty());
    assert!(get(&page, &format!("{plain}&msgid=7")).body.is_empty());
    let message = synced(&page).remove(0);
    assert_eq!((&message["MsgType"], &message["FromUserName"]), (&json!(37), &json!("fmessage")));
    assert_eq!(message["RecommendInfo"]["UserName"], STRANGER);
}

#[test]
fn queries_that_the_page_does_not_write_are_violations() {
    let server = server();
    let page = Page::new(&server);
    let (anna, room) = (server.contact("Anna").unwrap(), server.room("Room").unwrap());
    let (bob, room_id) = (&room.members[0], &room.encry_chat_room_id);
    let skey = page.word("skey");
    let stranger = "neither chatroomid nor msgid for a stranger";
    let mut expected = Vec::new();
    for (call, query, what) in [
        (
            "webwxgeticon",
            format!("seq=9&username={anna}&skey="),
            "seq is neither that of HeadImgUrl nor 0",
        ),
        (
            "webwxgeticon",
            format!("seq=0&username={anna}&skey="),
            "an empty skey in an address that the page writes",
        ),
        ("webwxgeticon", format!("seq=0&username={bob}&skey={skey}"), stranger),
        (
            "webwxgeticon",
            format!("seq=0&username={bob}&skey={skey}&chatroomid={}", room.user_name),
            "chatroomid is not the EncryChatRoomId of a room of theirs",
        ),
        (
            "webwxgeticon",
            format!("seq=0&username={anna}&skey={skey}&chatroomid={room_id}"),
            "chatroomid or msgid for a contact",
        ),
        (
            "webwxgeticon",
            format!("seq=0&username={bob}&skey={skey}&chatroomid={room_id}&msgid=7"),
            "both chatroomid and msgid",
        ),
        (
            "webwxgeticon",
            format!("seq=0&username={bob}&skey={skey}&msgid=7"),
            "msgid is not that of their friend request",
        ),
        (
            "webwxgetheadimg",
            format!("seq=0&username={anna}&skey={skey}"),
            "a person's and a room's avatar have different calls",
        ),
        (
            "webwxgeticon",
            format!("seq=1&username={anna}&skey={skey}&type=big"),
            "type in the query, unlike on the page",
        ),
    ] {
        get(&page, &format!("{call}?{query}"));
        expected.push(format!("{call}: {what}"));
        assert_eq!(server.violations(), expected, "{query}");
    }
}
