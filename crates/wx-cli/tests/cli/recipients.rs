//! Recipients: nothing is sent to a name that no contact can have.

use wx_emulator::{Emulator, Profile};

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
    let place = Place::with_emulator(Emulator::builder().room("The Room", ["Bob"]));
    place.file("a.jpg", &jpeg(100, 1));
    let person = place.emulator.friend().to_owned();
    let room = place.emulator.room("The Room").unwrap().user_name.clone();
    for to in [person.as_str(), &room, "filehelper"] {
        assert_eq!(place.wx(&send(to, "ureq")).code, 0, "{to}");
        assert_eq!(place.emulator.messages().last().unwrap().to, to);
    }
    // Names of these forms are sent to, and the server decides whether it knows them.
    for to in [format!("@{person}").as_str(), "11122233344@chatroom"] {
        let ran = place.wx(&send(to, "reqwest"));
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        assert!(ran.err.contains("Ret 1204 (not a valid recipient)"), "{}", ran.err);
    }
    assert_eq!(place.emulator.requests_to("webwxsendmsgimg"), 5);
}

/// The arguments of a command that uses the session file.
fn with_session<'a>(command: &'a str, transport: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command, "--session", "session.json", "--transport", transport], more].concat()
}

#[test]
fn a_login_of_the_file_transfer_helper_sends_to_filehelper_and_to_nobody_else() {
    for transport in TRANSPORTS {
        let builder = Emulator::builder().profile(Profile::FileHelper).contact("Anna", "");
        let place = Place::with_emulator(builder);
        place.file("a.jpg", &jpeg(100, 1));
        place.file("a.pdf", b"%PDF-1.7");
        for (command, more) in [
            ("send", &["--text", "hi", "a.pdf"][..]),
            ("send-image", &["a.jpg"]),
            ("send-image", &["--resume-dir", "job", "--to", "filehelper", "a.jpg"]),
        ] {
            let ran = place.wx(&with_session(command, transport, &[&["--json"], more].concat()));
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert!(ran.column("to").iter().all(|to| to == "filehelper"), "{}", ran.out);
            assert!(ran.column("to_name").iter().all(|name| name == "filehelper"), "{}", ran.out);
        }
        let messages = place.emulator.messages();
        assert_eq!(messages.iter().map(|message| message.kind).collect::<Vec<_>>(), [1, 6, 3, 3]);
        assert_eq!(place.emulator.violations(), [""; 0]);

        let asked = place.emulator.requests().len();
        for to in [place.emulator.friend(), "name:Anna", "@@0a"] {
            let args = ["--json", "--to", "filehelper", "--to", to, "a.jpg"];
            let ran = place.wx(&with_session("send-image", transport, &args));
            assert_eq!((ran.code, ran.kinds()), (1, vec!["failed".to_owned(); 2]), "{}", ran.err);
            assert_eq!(ran.column("advice"), ["check_recipient"; 2]);
            let line = format!("--to {to}: a login of the File Transfer Helper sends only to ");
            assert!(ran.one_line().contains(&line), "{}", ran.err);
        }
        assert_eq!(place.emulator.requests().len(), asked);
    }
}

#[test]
fn a_login_of_web_wechat_needs_a_recipient() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    for transport in TRANSPORTS {
        for (command, more) in [
            ("send", &["--text", "hi"][..]),
            ("send", &["--text", "-", "a.jpg"]),
            ("send-image", &["--json", "a.jpg"]),
        ] {
            let ran = place.wx(&with_session(command, transport, more));
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{more:?}");
            let line = ran.one_line();
            let words = "wx: --to: a login of web WeChat has no default recipient; give --to ";
            assert!(line.starts_with(words), "{line}");
        }
    }
    // Without a login, its page is unknown, and the login is what is missing.
    let ran = place.wx(&["send-image", "--session", "none.json", "--json", "a.jpg"]);
    assert_eq!((ran.code, ran.column("advice")), (3, vec!["login_again".to_owned()]));
    place.assert_silence();
}

#[test]
fn a_secret_in_the_name_of_a_recipient_is_withheld() {
    let place = Place::new();
    let session = serde_json::from_str::<serde_json::Value>(&place.emulator.session_json());
    let to = format!("name:{}", session.unwrap()["skey"].as_str().unwrap());
    // `Place::wx` refuses any output with a secret of the session.
    let ran = place.wx(&with_session("send", "ureq", &["--json", "--to", &to, "--text", "hi"]));
    assert_eq!((ran.code, ran.column("to_name")), (1, vec!["…".to_owned()]), "{}", ran.err);
}
