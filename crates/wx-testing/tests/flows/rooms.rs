//! Lists of rooms with their members.

use serde_json::{Value, json};
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::init::Init;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::flow::{ListRooms, ListedRooms};
use wx_proto::http::Response;
use wx_proto::{Advice, Contact, Error, Policy, Session, UnixMs, UserName};
use wx_testing::harness::*;

fn reply(mut body: Value) -> Answer {
    body["BaseResponse"] = json!({ "Ret": 0 });
    ok(body.to_string())
}

fn room(name: &str, members: usize) -> Value {
    let member = |n| json!({ "UserName": format!("@{n}"), "NickName": format!("M{n}") });
    let members: Vec<_> = (0..members).map(member).collect();
    json!({
        "UserName": name, "NickName": "", "MemberCount": members.len(), "MemberList": members,
        "EncryChatRoomId": "@0f", "Statues": 1,
    })
}

fn saved(contacts: &[Value]) -> Answer {
    reply(json!({ "MemberList": contacts, "Seq": 0 }))
}

fn described(rooms: &[Value]) -> Answer {
    reply(json!({ "Count": rooms.len(), "ContactList": rooms }))
}

fn user(name: impl Into<String>) -> UserName {
    UserName::new(name).unwrap()
}

/// Returns a session for which webwxinit has named the rooms `@@recent` and `@@set`.
fn initialized() -> Session {
    let mut session = session();
    let reply = json!({
        "BaseResponse": { "Ret": 0 }, "User": { "UserName": "@me" },
        "SyncKey": { "Count": 1, "List": [{ "Key": 1, "Val": 5 }] },
        "ContactList": [{ "UserName": "@@recent" }, { "UserName": "@a" }],
        "ChatSet": "filehelper,@@set,@@recent,@b,",
    });
    session.apply_init(&Init::read(&Response::new(reply.to_string().into())).unwrap());
    session
}

fn synced(session: &mut Session, mut reply: Value) {
    reply["BaseResponse"] = json!({ "Ret": 0 });
    let reply = SyncMessages::read(&Response::new(reply.to_string().into())).unwrap();
    session.apply_sync(reply, UnixMs::new(1));
}

fn message(id: &str, from: &str, to: &str) -> Value {
    json!({ "MsgId": id, "MsgType": 1, "FromUserName": from, "ToUserName": to })
}

fn rooms_of(session: &Session) -> Vec<&str> {
    session.rooms().map(UserName::as_str).collect()
}

fn list(
    session: &Session,
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<ListedRooms, Error>) {
    let mut harness = Harness::new("", answers).with_session(session);
    let result = harness.run(&mut ListRooms::new(session, SEED, Policy::default()).unwrap());
    (harness, result)
}

fn names(rooms: &[Contact]) -> Vec<&str> {
    rooms.iter().map(|room| room.user_name.as_str()).collect()
}

/// Returns the rooms that a call has requested.
fn requested(seen: &SentRequest) -> Vec<String> {
    let json = seen.json();
    let list = json["List"].as_array().unwrap();
    assert_eq!(json["Count"], list.len());
    list.iter().map(|item| item["UserName"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn p92_rooms_are_gathered_from_every_source() {
    let mut session = initialized();
    assert_eq!(rooms_of(&session), ["@@recent", "@@set"]);
    let (to_room, from_room) = (message("7", "@me", "@@to"), message("8", "@@from", "@me"));
    let mut notice = message("10", "@me", "@me");
    (notice["MsgType"], notice["StatusNotifyCode"]) = (json!(51), json!(4));
    notice["StatusNotifyUserName"] = json!("filehelper,@@noticed,@a");
    synced(
        &mut session,
        json!({
            "AddMsgList": [to_room, from_room, message("9", "7@chatroom", "@me"), notice],
            "ModContactList": [room("@@changed", 2), { "UserName": "@a" }, 7],
        }),
    );
    let named = ["7@chatroom", "@@changed", "@@from", "@@noticed", "@@recent", "@@set", "@@to"];
    assert_eq!(rooms_of(&session), named);
    synced(
        &mut session,
        json!({ "DelContactList": [{ "UserName": "@@set" }, { "UserName": "@a" }] }),
    );
    synced(&mut session, json!({ "ModContactList": null, "DelContactList": "x" }));
    assert!(!rooms_of(&session).contains(&"@@set"));

    let contacts = [json!({ "UserName": "@a" }), room("@@saved", 0), room("@@to", 0)];
    let all = ["@@saved", "@@to", "7@chatroom", "@@changed", "@@from", "@@noticed", "@@recent"];
    let known: Vec<_> =
        all.iter().filter(|name| **name != "@@from").map(|it| room(it, 2)).collect();
    let (harness, result) = list(&session, [saved(&contacts), described(&known)]);
    assert_eq!(harness.endpoints(), ["webwxgetcontact", "webwxbatchgetcontact"]);
    assert_eq!(requested(&harness.seen[1]), all);
    let listed = result.unwrap();
    assert_eq!(names(&listed.people), ["@a"]);
    assert_eq!(
        names(&listed.rooms),
        ["@@saved", "@@to", "7@chatroom", "@@changed", "@@noticed", "@@recent"]
    );
    assert_eq!(listed.missing.to_vec(), [user("@@from")]);
    for room in &listed.rooms {
        let details = room.room.as_ref().unwrap();
        assert_eq!((details.members.len(), &*room.name()), (2, "M0, M1"));
    }
    session.clear_login();
    assert_eq!(rooms_of(&session), [""; 0]);
}

#[test]
fn p92_the_recent_rooms_of_a_saved_session_are_requested() {
    let init = reply(json!({ "User": { "UserName": "@me" }, "ChatSet": "@@set" }));
    let (harness, result) =
        list(&session(), [init, reply(json!({})), saved(&[]), described(&[room("@@set", 1)])]);
    let calls = ["webwxinit", "webwxstatusnotify", "webwxgetcontact", "webwxbatchgetcontact"];
    assert_eq!(harness.endpoints(), calls);
    assert_eq!(names(&result.unwrap().rooms), ["@@set"]);
}

#[test]
fn p92_members_are_requested_for_50_rooms_per_call() {
    let vector: Value =
        serde_json::from_str(include_str!("../../../wx-proto/tests/vectors/contacts_rooms.json"))
            .unwrap();
    let sizes = &vector["batch_sizes"];
    let count = usize::try_from(sizes["names"].as_u64().unwrap()).unwrap();
    let rooms: Vec<_> = (0..count).map(|n| room(&format!("@@{n}"), 1)).collect();
    let wanted: Vec<_> = (0..count).map(|n| user(format!("@@{n}"))).collect();
    let answers = rooms.chunks(50).map(described);
    let mut harness = Harness::new("", answers).with_session(&session());
    // A room that is given twice is requested once.
    let twice = wanted.iter().chain(&wanted).cloned();
    let mut flow = ListRooms::named(&session(), twice, SEED, Policy::default()).unwrap();
    let listed = harness.run(&mut flow).unwrap();
    let calls: Vec<_> = harness.seen.iter().map(|seen| requested(seen).len()).collect();
    assert_eq!(json!(calls), sizes["expect_calls"]);
    assert!(listed.rooms.iter().map(|room| &room.user_name).eq(&wanted));
    assert!(listed.missing.is_empty() && listed.people.is_empty());
}

#[test]
fn a_refused_call_is_repeated_for_fewer_rooms() {
    let wanted = |count: usize| (0..count).map(|n| user(format!("@@{n}")));
    let run = |count: usize, answers: Vec<Answer>| {
        let mut harness = Harness::new("", answers).with_session(&session());
        let flow = ListRooms::named(&session(), wanted(count), SEED, Policy::default());
        let result = harness.run(&mut flow.unwrap());
        let sizes: Vec<_> = harness.seen.iter().map(|seen| requested(seen).len()).collect();
        (sizes, result)
    };
    let some = |from: usize, to: usize| {
        described(&(from..to).map(|n| room(&format!("@@{n}"), 1)).collect::<Vec<_>>())
    };
    let answers = [ret(1), ret(-1)].into_iter();
    let (sizes, result) = run(60, answers.chain((0..12).map(|n| some(5 * n, 5 * n + 5))).collect());
    assert_eq!((&sizes[..2], &sizes[2..]), (&[50, 10][..], &[5; 12][..]));
    assert_eq!(result.unwrap().rooms.len(), 60);
    let (sizes, result) = run(3, vec![ret(1), ret(1)]);
    assert_eq!((sizes, result.unwrap_err().ret().unwrap().0), (vec![3, 1], 1));
    let (sizes, result) = run(3, vec![ret(1), some(0, 1), ret(1), some(2, 3)]);
    let listed = result.unwrap();
    assert_eq!((sizes, names(&listed.rooms)), (vec![3, 1, 1, 1], vec!["@@0", "@@2"]));
    assert_eq!(listed.missing.to_vec(), [user("@@1")], "a refused room does not affect others");
    for (code, advice) in [(1101, Advice::LoginAgain), (1205, Advice::Wait)] {
        let (sizes, result) = run(50, vec![ret(code)]);
        assert_eq!((sizes, result.unwrap_err().advice()), (vec![50], advice));
    }
}

#[test]
fn a_room_of_ten_thousand_members_is_read_and_more_than_the_limit_is_counted() {
    let wanted = |count: usize| (0..count).map(|n| user(format!("@@{n}")));
    let run = |rooms: Vec<Value>| {
        let mut harness = Harness::new("", [described(&rooms)]).with_session(&session());
        let flow = ListRooms::named(&session(), wanted(rooms.len()), SEED, Policy::default());
        harness.run(&mut flow.unwrap()).unwrap().rooms
    };
    let members = |room: &Contact| room.room.as_ref().unwrap().members.len();
    let over = |room: &Contact| room.room.as_ref().unwrap().skipped.over_limit;
    let rooms = run(vec![room("@@0", 10_000)]);
    assert_eq!((members(&rooms[0]), over(&rooms[0])), (10_000, 0));
    // The limits are 20 000 members per room, and 200 000 in total.
    let many: Vec<_> = (0..12).map(|n| room(&format!("@@{n}"), 20_001)).collect();
    let rooms = run(many);
    let counts: Vec<_> = rooms.iter().map(|room| (members(room), over(room))).collect();
    assert_eq!(counts[..10], [(20_000, 1); 10]);
    assert_eq!(counts[10..], [(0, 20_001); 2]);
}
