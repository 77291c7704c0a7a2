//! The names of senders and rooms in the output of `watch`.

use serde_json::Value;
use wx_emulator::{Emulator, Incoming, Profile, RoomListing};

use crate::life::about;
use crate::support::{Place, TRANSPORTS};

fn place() -> Place {
    let builder = Emulator::builder()
        .contact("Anna", "")
        .contact("Bob", "Boss")
        .contact("\u{1b}[2J\u{202e}Eve", "")
        .room("Tea & cake", ["Bob", "Carol"])
        .room_listed(RoomListing::Recent, "", ["Dave"]);
    let place = Place::with_emulator(builder);
    let emulator = &place.emulator;
    let (tea, unnamed) = (emulator.room("Tea & cake").unwrap(), &emulator.rooms()[1]);
    let eve = emulator.contact("\u{1b}[2J\u{202e}Eve").unwrap();
    emulator.deliver(Incoming::text("1").sender(emulator.contact("Anna").unwrap()));
    emulator.deliver(Incoming::text("2").sender(emulator.contact("Bob").unwrap()));
    emulator.deliver(Incoming::text("3").sender(&tea.members[0]).room(&tea.user_name));
    emulator.deliver(Incoming::text("4").sender(&tea.members[1]).room(&tea.user_name));
    emulator.deliver(Incoming::text("5").sender(&unnamed.members[0]).room(&unnamed.user_name));
    emulator.deliver(Incoming::text("6").sender(eve));
    emulator.deliver(Incoming::text("7").sender("@of-a-stranger"));
    emulator.deliver(
        Incoming::text("8")
            .with("FromUserName", emulator.user_name())
            .with("ToUserName", tea.user_name.as_str()),
    );
    place
}

#[test]
fn people_and_rooms_are_shown_by_name() {
    for transport in TRANSPORTS {
        let place = place();
        let ran = place.wx(&about("watch", transport, &["--once"]));
        assert_eq!(ran.code, 0, "{}", ran.err);
        let lines: Vec<_> =
            ran.out.lines().map(|line| line.splitn(3, ' ').nth(2).unwrap()).collect();
        let expected = [
            r#""Anna" text: 1"#,
            r#""Boss" text: 2"#,
            r#""Bob" in "Tea & cake" text: 3"#,
            r#""Carol" in "Tea & cake" text: 4"#,
            r#""Dave" in "Emulated, Dave" text: 5"#,
            r#""\u{1b}[2J\u{202e}Eve" text: 6"#,
            "@of-a-stranger text: 7",
            r#""Emulated" in "Tea & cake" text: 8"#,
        ];
        assert_eq!(lines, expected);
        // One request for the contacts, and one for all rooms.
        let requests = |endpoint: &str| place.emulator.requests_to(endpoint);
        assert_eq!((requests("webwxgetcontact"), requests("webwxbatchgetcontact")), (1, 1));
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

/// The page of the File Transfer Helper has no contacts, and the account knows its own name.
#[test]
fn contacts_are_not_requested_for_names_that_are_known() {
    for (transport, profile) in TRANSPORTS.into_iter().zip([Profile::Web, Profile::FileHelper]) {
        let place = Place::with_emulator(Emulator::builder().profile(profile));
        let me = place.emulator.user_name();
        let note = Incoming::text("a note").with("FromUserName", me);
        place.emulator.deliver(note.with("ToUserName", "filehelper"));
        if profile == Profile::FileHelper {
            place.emulator.deliver(Incoming::text("a text").sender("@of-a-stranger"));
        }
        let ran = place.wx(&about("watch", transport, &["--once"]));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(ran.out.contains(" \"Emulated\" text: a note"), "{}", ran.out);
        let requests = |endpoint: &str| place.emulator.requests_to(endpoint);
        assert_eq!((requests("webwxgetcontact"), requests("webwxbatchgetcontact")), (0, 0));
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

#[test]
fn events_have_the_names_that_are_known() {
    let place = place();
    let ran = place.wx(&about("watch", "ureq", &["--once", "--json"]));
    let names =
        |key: &str| -> Vec<Value> { ran.events().iter().map(|event| event[key].clone()).collect() };
    let (tea, null) = ("Tea & cake", Value::Null);
    let from: [Value; 8] = [
        "Anna".into(),
        "Boss".into(),
        tea.into(),
        tea.into(),
        "Emulated, Dave".into(),
        "\u{1b}[2J\u{202e}Eve".into(),
        null.clone(),
        "Emulated".into(),
    ];
    assert_eq!(names("from_name"), from);
    let mut to: [Value; 8] = [const { Value::Null }; 8].map(|_| "Emulated".into());
    to[7] = tea.into();
    assert_eq!(names("to_name"), to);
    let sender: Vec<Value> = ["Bob", "Carol", "Dave"].map(Into::into).to_vec();
    assert_eq!(names("sender_name")[2..5], sender);
    assert_eq!([&names("sender_name")[..2], &names("sender_name")[5..]].concat(), vec![null; 5]);
}

#[test]
fn messages_are_reported_without_names_if_the_server_refuses_them() {
    for (transport, call) in TRANSPORTS.iter().zip(["webwxgetcontact", "webwxbatchgetcontact"]) {
        let place = place();
        place.emulator.add_fault(format!("status=403@{call}").parse().unwrap());
        let ran = place.wx(&about("watch", transport, &["--once", "--json"]));
        assert_eq!((ran.code, ran.kinds().len()), (0, 8), "{}", ran.err);
        let words = "could not be requested, so UserNames are shown for the next hour: ";
        assert!(ran.err.contains(words), "{}", ran.err);
        let is_known = call != "webwxgetcontact";
        assert_eq!(ran.events()[0]["from_name"].is_string(), is_known);
        assert_eq!(place.emulator.requests_to(call), 1);
    }
    // The rate limit of the account counts for everything else, too.
    let place = place();
    place.emulator.add_fault("ret=1205@webwxgetcontact".parse().unwrap());
    let ran = place.wx(&about("watch", "ureq", &["--once"]));
    assert_eq!((ran.code, place.names()), (0, vec!["session.json.limited".to_owned()]));
}
