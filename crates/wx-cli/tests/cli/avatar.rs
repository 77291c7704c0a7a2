//! `wx avatar`.

use std::fs;

use wx_emulator::serde_json::{self, Value};
use wx_emulator::{Emulator, Incoming};

use crate::support::{Place, Ran, TRANSPORTS};

/// The arguments that fetch an avatar to `a.jpg`.
fn avatar<'a>(transport: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["avatar", "--session", "session.json", "--transport", transport];
    [&fixed[..], &["--out", "a.jpg"], more].concat()
}

fn place() -> Place {
    let builder = Emulator::builder().contact("Anna", "").room_of_contacts("Contacts");
    Place::with_emulator(builder.room("Tea & cake", ["Bob", "Eve", "Eve"]))
}

/// Checks that the avatar of this UserName was written, and removes it.
fn check(place: &Place, ran: &Ran, user_name: &str) {
    assert_eq!(ran.code, 0, "{}", ran.err);
    let expected = place.emulator.avatar(user_name).unwrap();
    assert!(fs::read(place.path("a.jpg")).unwrap() == expected, "other bytes");
    assert_eq!(place.names(), ["a.jpg"]);
    fs::remove_file(place.path("a.jpg")).unwrap();
}

#[test]
fn p86_avatars_of_people_rooms_and_members() {
    for transport in TRANSPORTS {
        let place = place();
        let (emulator, anna) = (&place.emulator, place.emulator.contact("Anna").unwrap());
        let room = emulator.room("Tea & cake").unwrap();
        for (args, user_name) in [
            (&["me"][..], emulator.user_name()),
            (&[anna], anna),
            (&["name:Anna"], anna),
            (&["name:Tea & cake"], &room.user_name),
            (&[&room.user_name], &room.user_name),
            (&["name:Bob", "--member-of", "name:Tea & cake"], &room.members[0]),
            (&[&room.members[1], "--member-of", &room.user_name], &room.members[1]),
            (&["name:Anna", "--member-of", "name:Contacts"], anna),
        ] {
            check(&place, &place.wx(&avatar(transport, args)), user_name);
        }
        let ran = place.wx(&avatar(transport, &["--json", "name:Anna"]));
        let [event] = &ran.events()[..] else { panic!("{}", ran.err) };
        assert_eq!((&event["kind"], &event["user_name"]), (&"avatar".into(), &anna.into()));
        assert_eq!((&event["path"], &event["msg_id"]), (&"a.jpg".into(), &Value::Null));
        check(&place, &ran, anna);
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

#[test]
fn p86_lines_of_other_commands_hold_what_is_needed() {
    let place = place();
    place.emulator.deliver(Incoming::friend_request("@57a4", "Carl", "hi"));
    let lines = |args: &[&str]| {
        let ran = place.wx(&[args, &["--session", "session.json", "--json"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out
    };
    let lines = [
        lines(&["contacts"]),
        lines(&["contacts", "--members", "name:Tea & cake"]),
        lines(&["watch", "--once"]),
    ];
    let mut checked = 0;
    for line in lines.concat().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let user_name = event["avatar"]["user_name"].as_str().unwrap();
        let ran = place.wx_with_input(&avatar("ureq", &["--line", "-"]), line.as_bytes());
        check(&place, &ran, user_name);
        checked += 1;
    }
    assert_eq!(checked, 6 + 4 + 1);
    assert_eq!(place.emulator.violations(), [""; 0]);
    place.emulator.set_avatar("@57a4", None);
    let line = lines[2].as_bytes();
    let ran = place.wx_with_input(&avatar("ureq", &["--line", "-"]), line);
    assert_eq!((ran.code, ran.out.as_str()), (6, "@57a4: the server has no picture\n"));
    let elsewhere = r#"{"avatar":{"user_name":"@a","head_img_url":"//evil.example/x"}}"#;
    for (line, why) in [
        ("{}", "the line names no avatar"),
        ("[]", "line 1 is not the event of a contact"),
        (elsewhere, "line 1 is not the event of a contact"),
    ] {
        let ran = place.wx_with_input(&avatar("ureq", &["--line", "-"]), line.as_bytes());
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{line}");
        assert!(ran.one_line().contains(&format!("standard input: {why}")), "{}", ran.err);
    }
}

#[test]
fn p86_no_picture_has_an_exit_code_and_leaves_everything_as_it_is() {
    for transport in TRANSPORTS {
        let place = place();
        let anna = place.emulator.contact("Anna").unwrap();
        place.emulator.set_avatar(anna, None);
        let ran = place.wx(&avatar(transport, &["name:Anna"]));
        assert_eq!((ran.code, ran.out.as_str()), (6, "name:Anna: the server has no picture\n"));
        let ran = place.wx(&avatar(transport, &["--json", anna]));
        let [event] = &ran.events()[..] else { panic!("{}", ran.err) };
        assert_eq!(ran.code, 6);
        assert_eq!((&event["event"], &event["user_name"]), (&"no_picture".into(), &anna.into()));
        assert_eq!(place.names(), [""; 0]);
        place.file("a.jpg", b"precious");
        assert_eq!(place.wx(&avatar(transport, &["--force", anna])).code, 6);
        assert_eq!(fs::read(place.path("a.jpg")).unwrap(), b"precious");
        let ran = place.wx(&["avatar", "--session", "session.json", "--out", "-", anna]);
        assert_eq!((ran.code, ran.out.as_str()), (6, ""));
        assert!(ran.err.contains("the server has no picture"), "{}", ran.err);
    }
}

#[test]
fn p86_what_cannot_be_an_avatar_is_refused() {
    let place = place();
    place.file("a.jpg", b"precious");
    let ran = place.wx(&avatar("ureq", &["me"]));
    assert!(ran.one_line().contains("exists already; --force replaces it"), "{}", ran.err);
    assert_eq!(place.emulator.requests_to("webwxgeticon"), 0);
    fs::remove_file(place.path("a.jpg")).unwrap();
    let room = "name:Tea & cake";
    for (args, code, why) in [
        (&["name:Nobody"][..], 1, "no contact has this name"),
        (&["name:Eve", "--member-of", room], 1, "2 members have this name"),
        (&["name:Anna", "--member-of", room], 1, "wx: name:Anna: no member of the room"),
        (
            &["name:Anna", "--member-of", "name:Nobody"],
            1,
            "wx: name:Anna: --member-of name:Nobody: no room that can be listed has this name",
        ),
        (&["name:Eve", "--member-of", "@0a"], 2, "--member-of takes a room, but @0a is none"),
        (&["me", "--member-of", room], 2, "me is no name of a member"),
        (&["Anna"], 2, "name:Anna"),
        (&[], 2, "<--line <FILE>|USER>"),
    ] {
        let ran = place.wx(&avatar("ureq", args));
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{args:?} {}", ran.err);
        assert!(ran.one_line().contains(why), "{args:?}: {}", ran.err);
    }
    let failing = Place::with(&["html@webwxgeticon"]);
    let ran = failing.wx(&avatar("ureq", &["--json", "me"]));
    assert_eq!((ran.code, ran.kinds()), (1, vec!["failed".to_owned()]));
    assert_eq!(ran.column("user_name"), [failing.emulator.user_name()]);
    assert_eq!(failing.names(), [""; 0]);
}
