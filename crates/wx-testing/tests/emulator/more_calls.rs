//! Calls of released clients that are not related to sending images.

use std::time::{SystemTime, UNIX_EPOCH};

use image::ImageFormat::Jpeg;
use serde_json::{Value, json};
use wx_emulator::{Emulator, Incoming, Profile};

use crate::page::{FIRST, PATH, Page};
use wx_testing::images::small;
use wx_testing::raw_client::request;

fn with_a_room() -> Emulator {
    Emulator::builder().contact("Anna", "").room("The Room", ["Bob", "Carol"]).start().unwrap()
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn synced(page: &Page) -> Vec<Value> {
    let body = json!({
        "BaseRequest": page.base_request(), "SyncKey": { "Count": 0, "List": [] }, "rr": 1,
    });
    let target = format!("webwxsync?sid={}&skey={}", page.word("sid"), page.word("skey"));
    let reply = page.post_json(&target, &body).unwrap().json();
    reply["AddMsgList"].as_array().unwrap().clone()
}

#[test]
fn messages_come_from_anybody_and_in_rooms() {
    let server = with_a_room();
    let page = Page::new(&server);
    let (anna, room) =
        (server.contact("Anna").unwrap().to_owned(), server.room("The Room").unwrap());
    let (own, began) = (page.word("user_name"), unix_seconds());
    server.deliver(Incoming::text("one").sender(&anna));
    server.deliver(Incoming::text("two").sender(&room.members[0]).room(&room.user_name));
    server
        .deliver(Incoming::text("three").sender(&own).room(&room.user_name).created(1_511_493_942));
    server.deliver(Incoming::file("a b.txt", &b"bytes"[..]));
    let messages = synced(&page);
    let parts = |message: &Value| {
        ["FromUserName", "ToUserName", "Content"]
            .map(|key| message[key].as_str().unwrap().to_owned())
    };
    assert_eq!(parts(&messages[0]), [anna.as_str(), &own, "one"]);
    let from_bob = format!("{}:<br/>two", room.members[0]);
    assert_eq!(parts(&messages[1]), [room.user_name.as_str(), &own, &from_bob]);
    assert_eq!(parts(&messages[2]), [own.as_str(), &room.user_name, "three"]);
    assert_eq!(messages[2]["CreateTime"], 1_511_493_942);
    assert!((began..=unix_seconds()).contains(&messages[0]["CreateTime"].as_u64().unwrap()));
    assert_eq!(messages[0].as_object().unwrap().len(), 28);
    assert_eq!(messages[0]["RecommendInfo"].as_object().unwrap().len(), 14);
    for message in &messages {
        let id: i64 = message["MsgId"].as_str().unwrap().parse().unwrap();
        assert!(id > 0 && message["NewMsgId"] == id, "a signed number of 64 bits");
    }
    let file = &messages[3];
    assert_eq!((&file["MsgType"], &file["AppMsgType"]), (&49.into(), &6.into()));
    assert_eq!((&file["FileName"], &file["FileSize"]), (&"a b.txt".into(), &"5".into()));
    let query = format!(
        "sender={}&mediaid={}&encryfilename={}&fromuser={}&pass_ticket=undefined\
         &webwx_data_ticket={}",
        file["FromUserName"].as_str().unwrap(),
        file["MediaId"].as_str().unwrap(),
        file["EncryFileName"].as_str().unwrap(),
        page.word("uin"),
        page.cookie("webwx_data_ticket").replace('+', "%2B"),
    );
    let got = page.get(&format!("webwxgetmedia?{query}")).unwrap();
    assert_eq!(got.body, b"bytes");
    assert!(got.header("content-disposition").unwrap().contains("a%20b%2Etxt"));
    // The ticket has to be in one of two places.
    let other = format!("webwxgetmedia?{}", query.replace("ticket=g", "ticket=h"));
    assert_eq!(page.get(&other).unwrap().body, b"bytes");
    assert!(
        server.violations().contains(
            &"webwxgetmedia: webwx_data_ticket of the query is not the cookie's".to_owned()
        )
    );
    let stranger = request(server.addr(), "GET", &format!("{PATH}/{other}"), &[], b"").unwrap();
    assert_eq!((stranger.status, stranger.body.len()), (200, 0));
}

#[test]
fn the_helper_page_receives_from_the_account_itself() {
    let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
    let page = Page::new(&server);
    server.deliver(Incoming::text("from the phone"));
    let message = &synced(&page)[0];
    assert_eq!(message["FromUserName"], page.word("user_name"));
    assert_eq!(message["ToUserName"], "filehelper");
}

#[test]
fn avatars_of_contacts_rooms_and_members() {
    let server = with_a_room();
    let page = Page::new(&server);
    let skey = page.word("skey");
    let all = page.get(&format!("webwxgetcontact?r=1&seq=0&skey={skey}")).unwrap().json();
    let by_name = |name: &str| {
        let members = all["MemberList"].as_array().unwrap();
        members.iter().find(|contact| contact["NickName"] == name).unwrap().clone()
    };
    for name in ["Anna", "The Room"] {
        let contact = by_name(name);
        let url =
            contact["HeadImgUrl"].as_str().unwrap().strip_prefix(&format!("{PATH}/")).unwrap();
        let avatar = page.get(url).unwrap();
        let own = server.avatar(contact["UserName"].as_str().unwrap()).unwrap();
        assert_eq!(avatar.header("content-type"), Some("image/jpeg"));
        assert!(avatar.body == own && !own.is_empty(), "{name}");
        let none = page.get(&url.replace(contact["UserName"].as_str().unwrap(), "@x")).unwrap();
        assert_eq!((none.status, none.body.len()), (200, 0));
    }
    assert!(by_name("The Room")["HeadImgUrl"].as_str().unwrap().contains("webwxgetheadimg"));
    let room = server.room("The Room").unwrap();
    let member = format!("webwxgeticon?seq=0&username={}&skey={skey}", room.members[0]);
    assert_eq!(page.get(&member).unwrap().body.len(), 0, "a stranger's");
    for id in [&room.user_name, &room.encry_chat_room_id] {
        assert!(!page.get(&format!("{member}&chatroomid={id}")).unwrap().body.is_empty());
    }
    let body = json!({ "BaseRequest": page.base_request(), "Count": 1, "List": [
        { "UserName": room.user_name, "ChatRoomId": "" },
    ] });
    let detailed = page.post_json("webwxbatchgetcontact?type=ex&r=1", &body).unwrap().json();
    let contact = &detailed["ContactList"][0];
    let names: Vec<_> = contact["MemberList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["NickName"].as_str().unwrap())
        .collect();
    assert_eq!(
        (contact["MemberCount"].as_u64(), names),
        (Some(3), vec!["Emulated", "Bob", "Carol"])
    );
    assert_eq!(contact["EncryChatRoomId"], room.encry_chat_room_id.as_str());
    assert_eq!(by_name("The Room")["MemberCount"], 0, "a list of contacts has no members");
    let bob = &room.members[0];
    let member = |room: &str| {
        let list = json!([{ "UserName": bob, "EncryChatRoomId": room }]);
        let body = json!({ "BaseRequest": page.base_request(), "Count": 1, "List": list });
        page.post_json("webwxbatchgetcontact?type=ex&r=1", &body).unwrap().json()
    };
    for id in [&room.user_name, &room.encry_chat_room_id] {
        assert_eq!(member(id)["ContactList"][0]["NickName"], "Bob");
    }
    assert_eq!(member("")["Count"], 0, "a stranger");
}

#[test]
fn videos_and_texts_are_stored_and_revoked() {
    let server = with_a_room();
    let page = Page::new(&server);
    let text = json!({
        "BaseRequest": page.base_request(),
        "Msg": {
            "Type": 1, "Content": "hello <&> 你好", "FromUserName": page.word("user_name"),
            "ToUserName": page.to, "LocalID": "15114939427950364",
            "ClientMsgId": "15114939427950364",
        },
        "Scene": 0,
    });
    let sent = page.post_json("webwxsendmsg?lang=zh_CN", &text).unwrap().json();
    let media_id =
        page.upload("a.mp4", "video/mp4", b"\0\0\0\x20ftypisom", FIRST + 1).json()["MediaId"]
            .take();
    let video = page.message(43, media_id.as_str().unwrap(), "15114939427960364");
    assert_eq!(page.post_json("webwxsendvideomsg?fun=async&f=json", &video).unwrap().ret(), 0);
    let stored = server.messages();
    assert_eq!(stored.iter().map(|message| message.kind).collect::<Vec<_>>(), [1, 43]);
    assert_eq!((stored[0].text.as_str(), stored[0].media.len()), ("hello <&> 你好", 0));
    assert_eq!(stored[1].media, &b"\0\0\0\x20ftypisom"[..]);

    let revoke = |msg_id: &Value, to: &str| {
        let body = json!({
            "BaseRequest": page.base_request(), "SvrMsgId": msg_id, "ToUserName": to,
            "ClientMsgId": "1",
        });
        page.post_json("webwxrevokemsg?lang=zh_CN", &body).unwrap().ret()
    };
    assert_ne!(revoke(&"1".into(), &page.to), 0);
    assert_ne!(revoke(&sent["MsgID"], "filehelper"), 0);
    assert_eq!(revoke(&sent["MsgID"], &page.to), 0);
    assert_eq!(
        server.messages().iter().map(|message| message.revoked).collect::<Vec<_>>(),
        [true, false]
    );
}

#[test]
fn two_messages_under_one_id_are_one() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let media_id =
        page.upload("a.jpg", "image/jpeg", &small(Jpeg, 40, 30), FIRST + 1).json()["MediaId"]
            .take();
    let ids: Vec<_> = (0..3)
        .map(|_| page.send(media_id.as_str().unwrap(), "15114939427950364").json()["MsgID"].take())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(server.messages().iter().map(|message| message.repeats).collect::<Vec<_>>(), [2]);
}

/// The page makes these calls by script elements, which are sent to another host.
#[test]
fn scripts_have_the_type_of_scripts() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let get =
        |target: &str| request(server.addr(), "GET", target, &page.headers("/"), b"").unwrap();
    for target in ["/jslogin?appid=x", "/cgi-bin/mmwebwx-bin/login?uuid=x"] {
        assert_eq!(get(target).header("content-type"), Some("text/javascript"), "{target}");
    }
    let check = get("/cgi-bin/mmwebwx-bin/synccheck?r=1");
    assert_eq!(check.header("content-type"), Some("text/javascript"));
    assert_eq!(check.header("access-control-allow-origin"), Some("*"));
}

#[test]
fn the_reply_to_an_unknown_call_is_json() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    assert_eq!(page.get("webwxnosuchcall").unwrap().ret(), 1);
    assert_eq!(server.violations()[0], "webwxnosuchcall: GET is not supported by this server");
    // A violation does not repeat a value that could be a ticket.
    page.get(&page.cookie("webwx_data_ticket")).unwrap();
    let ping = format!("/cgi-bin/mmwebwx-bin/{}", page.word("skey"));
    request(server.addr(), "GET", &ping, &[], b"").unwrap();
    page.get("webwxgetmsgimg?AbCdEfGhIj1=x").unwrap();
    let ticket = page.cookie("webwx_data_ticket");
    let shown = server.violations().join("\n");
    assert!(!shown.contains("crypt"), "{shown}");
    assert!(
        !shown.contains(&ticket[ticket.rfind('/').unwrap() + 1..])
            && !shown.contains("AbCdEfGhIj1"),
        "{shown}"
    );
    let other = request(server.addr(), "GET", "/nothing", &[], b"").unwrap();
    assert_eq!(other.status, 404);
    let page = request(server.addr(), "GET", "/", &[], b"").unwrap();
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
}

#[test]
fn odd_but_harmless_requests_are_served() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let target = format!("webwxgetcontact?r=1&seq=0&skey={}", page.word("skey"));
    let got = page.get(&target).unwrap().json();
    for body in [json!({}), json!({ "BaseRequest": {} })] {
        assert_eq!(page.post_json(&target, &body).unwrap().json(), got);
    }
    for (call, body) in [
        (
            "webwxstatreport?fun=new",
            json!({ "BaseRequest": { "Sid": page.word("sid") }, "List": [] }),
        ),
        ("webwxoplog", json!({ "BaseRequest": page.base_request(), "CmdId": 2 })),
    ] {
        assert_eq!(page.post_json(call, &body).unwrap().ret(), 0, "{call}");
        assert_eq!(
            page.post_json(call, &json!({ "BaseRequest": { "Sid": "x" } })).unwrap().ret(),
            1100
        );
    }
    let mut headers = page.post_headers("/", "text/plain");
    headers.push(("Access-Control-Request-Method".to_owned(), "POST".to_owned()));
    headers.push(("Access-Control-Request-Headers".to_owned(), "mmweb_appid".to_owned()));
    for call in ["webwxuploadmedia", "webwxinit"] {
        let reply =
            request(server.addr(), "OPTIONS", &format!("{PATH}/{call}"), &headers, b"").unwrap();
        assert_eq!(reply.header("access-control-allow-headers"), Some("mmweb_appid"), "{call}");
        assert_eq!(
            reply.header("access-control-allow-origin"),
            Some(server.base().as_str()),
            "{call}"
        );
    }
}

#[test]
fn violations_are_counted_and_observed() {
    let (tell, observed) = std::sync::mpsc::channel();
    let observer = move |what: &str| tell.send(what.to_owned()).unwrap();
    let server = Emulator::builder().on_violation(observer).start().unwrap();
    for _ in 0..2 {
        request(server.addr(), "GET", "/nothing", &[], b"").unwrap();
    }
    let counts = server.violation_counts();
    drop(server);
    let observed: Vec<String> = observed.iter().collect();
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<usize>(), observed.len());
    let unknown = "a path: GET is not supported by this server";
    assert!(counts.contains(&(unknown.to_owned(), 2)));
    assert_eq!(observed.iter().filter(|what| *what == unknown).count(), 2);
}

#[test]
fn at_most_50_contacts_are_described_per_call() {
    let server = (0..51)
        .fold(Emulator::builder(), |builder, n| builder.room(format!("R{n}"), ["Bob"]))
        .start()
        .unwrap();
    let page = Page::new(&server);
    let list: Vec<_> = (0..51)
        .map(|n| server.room(&format!("R{n}")).unwrap().user_name.clone())
        .map(|name| json!({ "UserName": name, "ChatRoomId": "" }))
        .collect();
    let request_contacts = |list: &[Value], count: usize| {
        let body = json!({ "BaseRequest": page.base_request(), "Count": count, "List": list });
        page.post_json("webwxbatchgetcontact?type=ex&r=1", &body).unwrap().json()["Count"].as_u64()
    };
    assert_eq!(request_contacts(&list[..50], 50), Some(50));
    assert_eq!(server.violations(), [""; 0]);
    assert_eq!(request_contacts(&list, 51), Some(50));
    assert_eq!(request_contacts(&list[..2], 3), Some(2));
    assert_eq!(
        server.violations(),
        [
            "webwxbatchgetcontact: more than 50 contacts in one call",
            "webwxbatchgetcontact: Count is not the length of List",
        ]
    );
}
