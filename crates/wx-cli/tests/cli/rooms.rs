//! `wx contacts --rooms` and `--members`, and recipients by name.

use wx_emulator::{Emulator, RoomListing};

use super::life::about;
use super::support::*;

fn with_rooms() -> Place {
    Place::with_emulator(
        Emulator::builder()
            .contact("Zoe\u{308} \u{1f604}", "")
            .contact("Bob", "Boss\u{a0}Bob")
            .room("Tea & cake", ["Bob", "\u{1b}[2JEve"])
            .room_listed(RoomListing::Recent, "", ["Carol"])
            .room_listed(RoomListing::ChatSet, "Twins", ["A"])
            .room_listed(RoomListing::Recent, "Twins", ["B"]),
    )
}

#[test]
fn p92_rooms_and_members_are_listed() {
    let place = with_rooms();
    let room = place.emulator.room("Tea & cake").unwrap();
    for transport in TRANSPORTS {
        let ran = place.wx(&about("contacts", transport, &["--rooms", "--json"]));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.column("name"), ["Emulated, Carol", "Tea & cake", "Twins", "Twins"]);
        assert_eq!(ran.column("members"), ["2", "3", "2", "2"]);
        assert!(ran.column("kind").iter().all(|kind| kind == "room"));
        let ran = place.wx(&about("contacts", transport, &["--rooms"]));
        let line = format!("room Tea & cake, 3 members: {}", room.user_name);
        assert!(ran.out.lines().any(|it| it == line), "{}", ran.out);

        for by in ["name:Tea\u{a0}& cake", &room.user_name] {
            let ran = place.wx(&about("contacts", transport, &["--members", by, "--json"]));
            assert_eq!((ran.code, ran.kinds()), (0, vec!["member".to_owned(); 3]), "{}", ran.err);
            assert_eq!(ran.column("name"), ["Emulated", "Bob", "\u{1b}[2JEve"]);
            assert_eq!(ran.column("user_name")[1..], room.members);
            assert!(ran.column("room").iter().all(|name| *name == room.user_name));
            let ran = place.wx(&about("contacts", transport, &["--members", by]));
            assert!(ran.out.contains("Bob: @") && !ran.out.contains('\u{1b}'), "{}", ran.out);
        }
    }
    assert_eq!(place.emulator.violations(), [""; 0]);
}

#[test]
fn a_room_that_cannot_be_found_is_refused() {
    let place = with_rooms();
    for (room, code, why) in [
        ("name:Nobody", 1, "--members name:Nobody: no room that can be listed has this name"),
        ("name:Nobody", 1, "let somebody write in it, or save it to the contacts"),
        ("name:Twins", 1, "2 contacts have this name"),
        ("@@00", 1, "the server does not know the room @@00"),
        ("filehelper", 2, "--members takes a room, but filehelper is none"),
        ("@0a", 2, "--members takes a room, but @0a is none"),
    ] {
        let ran = place.wx(&about("contacts", "ureq", &["--members", room]));
        assert_eq!((ran.code, ran.one_line().contains(why)), (code, true), "{room} {}", ran.err);
        assert_eq!(ran.out, "");
    }
    let ran = place.wx(&about("contacts", "ureq", &["--rooms", "--members", "@@00"]));
    assert_eq!(ran.code, 2, "{}", ran.err);
    place.emulator.log_out();
    for args in [&["--rooms"][..], &["--members", "name:Twins"], &["--members", "@@00"]] {
        assert_eq!(place.wx(&about("contacts", "ureq", args)).code, 3);
    }
}

#[test]
fn p93_a_recipient_is_found_however_the_name_is_typed() {
    let place = with_rooms();
    for name in ["name:Zo\u{eb}\u{a0}\u{1f604}", "name:Boss Bob", "name:Tea & cake"] {
        let to = ["send", "--session", "session.json", "--to", name, "--text", "hi"];
        let ran = place.wx(&to);
        assert_eq!(ran.code, 0, "{name} {}", ran.err);
    }
    let sent: Vec<_> = place.emulator.messages().into_iter().map(|message| message.to).collect();
    let contact = |nick| place.emulator.contact(nick).unwrap().to_owned();
    let room = place.emulator.room("Tea & cake").unwrap().user_name.clone();
    assert_eq!(sent, [contact("Zoe\u{308} \u{1f604}"), contact("Bob"), room]);
}

#[test]
fn p93_a_room_that_is_not_saved_is_found_and_listed_only_if_no_contact_has_the_name() {
    for transport in TRANSPORTS {
        let place = Place::with_emulator(
            Emulator::builder()
                .contact("Bob", "")
                .contact("Club", "")
                .room_listed(RoomListing::Recent, "Cafe\u{301}\u{a0}<Club>", ["A"])
                .room_listed(RoomListing::ChatSet, "Chat & set", ["B"])
                .room_listed(RoomListing::ChatSet, "Bob", ["B"])
                .room_listed(RoomListing::Recent, "", ["Carol"])
                .room_listed(RoomListing::Recent, "Twins", ["A"])
                .room_listed(RoomListing::ChatSet, "Twins", ["B"])
                .room_listed(RoomListing::Unlisted, "Quiet", ["C"]),
        );
        let send = |names: &[&str]| {
            let to = names.iter().flat_map(|name| ["--to", *name]);
            let more: Vec<_> = to.chain(["--text", "hi", "--json"]).collect();
            place.wx(&about("send", transport, &more))
        };
        let calls = |call| place.emulator.requests_to(call);
        let ran = send(&["name:Bob", "name:Club"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!((calls("webwxinit"), calls("webwxbatchgetcontact")), (0, 0));
        assert_eq!(calls("webwxgetcontact"), 1);

        let names = ["name:Caf\u{e9} <Club>", "name:Chat & set", "name:Emulated, Carol"];
        let ran = send(&names);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.column("to_name"), names.map(|name| &name["name:".len()..]));
        assert_eq!((calls("webwxinit"), calls("webwxbatchgetcontact")), (1, 1), "asked once");
        let sent: Vec<_> = place.emulator.messages().iter().map(|sent| sent.to.clone()).collect();
        let contact = |nick| place.emulator.contact(nick).unwrap().to_owned();
        let room = |nick| place.emulator.room(nick).unwrap().user_name.clone();
        let rooms = [room("Cafe\u{301}\u{a0}<Club>"), room("Chat & set"), room("")];
        assert_eq!(sent, [&[contact("Bob"), contact("Club")][..], &rooms].concat());
        let members = ["--members", "name:Chat\u{a0}& set"];
        assert_eq!(place.wx(&about("contacts", transport, &members)).code, 0);

        for (name, words) in [
            ("name:Quiet", "no contact has this name, and neither has a room that can be listed; "),
            ("name:Quiet", "a quiet room that is not saved cannot be listed: let somebody write"),
            ("name:Twins", "2 contacts have this name"),
        ] {
            let ran = send(&[name]);
            assert_eq!((ran.code, ran.column("advice")[0].as_str()), (1, "check_recipient"));
            assert!(ran.one_line().contains(words), "{}", ran.err);
        }
        assert_eq!(place.emulator.messages().len(), 5);
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

#[test]
fn p92_a_room_that_the_account_has_left_is_reported_and_the_others_are_listed() {
    let builder = Emulator::builder().room("Tea", ["A"]);
    let place = Place::with_emulator(builder.room_listed(RoomListing::Left, "Gone", ["B"]));
    let gone = place.emulator.room("Gone").unwrap().user_name.clone();
    for transport in TRANSPORTS {
        let ran = place.wx(&about("contacts", transport, &["--rooms", "--json"]));
        assert_eq!((ran.code, ran.kinds().join(" ")), (0, "missing contact".to_owned()));
        assert_eq!(ran.column("room"), [gone.as_str(), "true"]);
        let ran = place.wx(&about("contacts", transport, &["--rooms"]));
        assert!(ran.out.starts_with("room Tea, 2 members: ") && ran.out.lines().count() == 1);
        let line = format!("room {gone}: not listed: the server does not know it any more\n");
        assert!(ran.err.contains(&line), "{}", ran.err);
        let ran = place.wx(&about("contacts", transport, &["--members", &gone]));
        let words = format!("the server does not know the room {gone}; ");
        assert!(ran.code == 1 && ran.one_line().contains(&words), "{}", ran.err);
    }
}
