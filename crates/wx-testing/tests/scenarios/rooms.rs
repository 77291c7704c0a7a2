//! Rooms and their members.

use std::collections::BTreeSet;

use wx_emulator::{Emulator, Incoming, RoomListing};
use wx_proto::UserName;
use wx_proto::flow::ListedRooms;

use super::life::short_waits;
use super::{Transport, place, session};

/// Returns the names of the rooms.
fn names(listed: &ListedRooms) -> BTreeSet<String> {
    listed.rooms.iter().map(|room| room.name().into_owned()).collect()
}

pub(crate) fn p92_rooms_come_from_every_source_with_their_members<T: Transport>() {
    let mut builder = Emulator::builder()
        .room("Saved & kept", ["Anna", "Bob"])
        .room_listed(RoomListing::Recent, "", ["Carol", "Dave"])
        .room_listed(RoomListing::ChatSet, "In the set", ["Eve"])
        .room_listed(RoomListing::Unlisted, "Writing", ["Frank"])
        .room_listed(RoomListing::Unlisted, "Changed", ["Grace"])
        .room_listed(RoomListing::Unlisted, "Quiet", ["Heidi"]);
    let many: Vec<_> = (0..60).map(|n| format!("Room {n}")).collect();
    for room in &many {
        builder = builder.room(room, ["Ivan"]);
    }
    let server = place::start(builder);
    let client = T::new(session(&server), short_waits(), None);
    let listed = client.rooms(None).unwrap();
    let known = ["Saved & kept", "Emulated, Carol, Dave", "In the set"];
    let mut expected: BTreeSet<_> = many.into_iter().chain(known.map(str::to_owned)).collect();
    assert_eq!(names(&listed), expected);
    assert!(listed.missing.is_empty() && listed.skipped.is_empty());
    assert_eq!(server.requests_to("webwxbatchgetcontact"), 2, "50 rooms per call");
    for listed in &listed.rooms {
        let (own, room) = (server.user_name(), listed.room.as_ref().unwrap());
        let rooms = server.room(&listed.nick_name).unwrap();
        let members = [own].into_iter().chain(rooms.members.iter().map(String::as_str));
        assert!(room.members.iter().map(|member| member.user_name.as_str()).eq(members));
        assert_eq!(room.member_count, room.members.len() as u64);
    }
    assert!(listed.people.iter().any(|one| one.user_name.as_str() == server.friend()));

    // A message and a change name rooms, and another change removes one.
    let name = |nick: &str| server.room(nick).unwrap().user_name.clone();
    assert!(server.report_changed(&name("Changed")));
    server.report_removed(&name("In the set"));
    let writing = server.room("Writing").unwrap();
    let text = Incoming::text("hello").sender(&writing.members[0]).room(&writing.user_name);
    server.deliver(text);
    client.batches(1).pop().unwrap().unwrap();
    expected.extend(["Changed", "Writing"].map(str::to_owned));
    expected.remove("In the set");
    assert_eq!(names(&client.rooms(None).unwrap()), expected);
    assert_eq!(server.requests_to("webwxinit"), 1);

    let quiet = UserName::new(name("Quiet")).unwrap();
    let unknown = UserName::new("@@00").unwrap();
    let some = client.rooms(Some(vec![quiet.clone(), unknown.clone()])).unwrap();
    assert_eq!((&some.rooms[0].user_name, some.missing.to_vec()), (&quiet, vec![unknown]));
    assert_eq!(server.violations(), Vec::<String>::new());
}
