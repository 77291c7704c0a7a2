//! Recipients: nothing is sent to a name that no contact can have.

use crate::support::{Place, TRANSPORTS, jpeg};

fn send<'a>(to: &'a str, transport: &'a str) -> [&'a str; 8] {
    ["send-image", "--session", "session.json", "--transport", transport, "--to", to, "a.jpg"]
}

#[test]
fn what_is_not_a_user_name_is_refused_and_a_name_is_suggested() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    for (to, word) in [
        ("Anna", "name:Anna"),
        ("安娜", "name:安娜"),
        ("@Anna", "name:@Anna"),
        ("or", "name:or"),
        ("filehelper ", "filehelper"),
        ("Filehelper", "filehelper"),
        ("fmessage", "filehelper"),
        ("@", "@1f28"),
        ("@@", "@@7c3a"),
        ("@chatroom", "@chatroom"),
        ("", "filehelper"),
        ("name:", "nickname"),
        ("name: ", "nickname"),
        ("Anna\u{202e}", "\\u{202e}"),
    ] {
        for transport in TRANSPORTS {
            let ran = place.wx(&send(to, transport));
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{to:?}: {}", ran.err);
            let line = ran.one_line();
            assert!(line.contains("--to") && line.contains(word), "{to:?}: {line}");
        }
    }
    place.assert_silence();
}

#[test]
fn rooms_and_people_are_reached_by_their_user_names() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    let person = place.emulator.friend().to_owned();
    let room = format!("@{person}");
    for to in [person.as_str(), &room, "11122233344@chatroom", "filehelper"] {
        assert_eq!(place.wx(&send(to, "ureq")).code, 0, "{to}");
        assert_eq!(place.emulator.messages().last().unwrap().to, to);
    }
}
