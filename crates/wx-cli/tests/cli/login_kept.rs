//! A login that was confirmed on the phone is never lost: it is saved, or ended on the server.

use std::fs;
use std::process::{Child, Command, Stdio};

use wx_proto::Session;

use crate::life::{about, login};
use crate::support::{Place, TRANSPORTS, png, signal};

/// A server, and no session file yet.
fn place(faults: &[&str]) -> Place {
    let place = Place::with(faults);
    fs::remove_file(place.path("session.json")).unwrap();
    place
}

pub(crate) fn saved(place: &Place) -> Session {
    Session::from_json_allow_loopback(fs::read(place.path("session.json")).unwrap()).unwrap()
}

#[test]
fn a_login_whose_webwxinit_fails_goes_on_with_the_next_command() {
    // Replies that are not retried.
    for (transport, fault) in TRANSPORTS.into_iter().zip(["ret=1205", "status=403"]) {
        let commands: [&[&str]; 5] = [
            &["whoami"],
            &["contacts"],
            &["send-image", "--to", "filehelper", "a.png"],
            &["fetch-image", "--out", "out.png"],
            &["logout"],
        ];
        for command in commands {
            let place = place(&[&format!("{fault}@webwxinit#1")]);
            place.file("a.png", &png());
            let id = place.emulator.deliver(png());
            let ran = login(&place, transport, &[]);
            assert!(
                ran.code != 0 && ran.err.contains("the login is saved"),
                "{fault}: {}",
                ran.err
            );
            assert!(saved(&place).awaits_init());
            let more = if command[0] == "fetch-image" { &[id.as_str()][..] } else { &[] };
            let ran = place.wx(&about(command[0], transport, &[&command[1..], more].concat()));
            assert_eq!(ran.code, 0, "{command:?}: {}", ran.err);
            let goes_on = command[0] != "logout";
            assert_eq!(place.emulator.requests_to("webwxinit"), 1 + usize::from(goes_on));
            assert_eq!(
                (place.emulator.is_logged_in(), saved(&place).awaits_init()),
                (goes_on, !goes_on)
            );
        }
    }
}

#[test]
fn a_login_that_is_killed_before_webwxinit_is_in_its_file() {
    for transport in TRANSPORTS {
        let place = place(&["delay=60000@webwxinit#1"]);
        let base = place.emulator.base();
        let mut child = place.spawn(&about("login", transport, &["--base", &base]));
        place.wait_for("webwxinit", 1);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(saved(&place).awaits_init());
        let ran = place.wx(&about("whoami", transport, &[]));
        assert_eq!((ran.code, saved(&place).awaits_init()), (0, false), "{}", ran.err);
    }
}

#[test]
fn a_login_is_not_lost_by_one_bad_answer() {
    let faults = ["ret=-1@webwxinit#1", "status=502@webwxnewloginpage#1"];
    for (transport, fault) in TRANSPORTS.into_iter().zip(faults) {
        let place = place(&[fault]);
        let ran = login(&place, transport, &["--json"]);
        assert_eq!(
            (ran.code, ran.kinds().last().unwrap().as_str()),
            (0, "logged_in"),
            "{}",
            ran.err
        );
        assert!(!saved(&place).awaits_init());
    }
}

/// Logs in where no file can hold a byte.
fn without_room(place: &Place, transport: &str) -> Child {
    let base = place.emulator.base();
    let wx = place.command(&about("login", transport, &["--base", &base]));
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"]);
    shell.arg(wx.get_program()).args(wx.get_args()).current_dir(wx.get_current_dir().unwrap());
    shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell.spawn().unwrap()
}

#[test]
fn a_login_that_cannot_be_saved_is_ended_and_that_is_said() {
    for transport in TRANSPORTS {
        for (faults, ended, words) in [
            (&[][..], true, "was ended"),
            (&["ret=1205@webwxinit"], true, "was ended"),
            (&["status=403@webwxlogout"], false, "could not be ended: end it on the phone"),
        ] {
            let place = place(faults);
            let ran = place.wait(without_room(&place, transport));
            assert_eq!(ran.code, 1, "{}", ran.err);
            assert!(
                ran.err.contains("the login could not be saved") && ran.err.contains(words),
                "{}",
                ran.err
            );
            assert_eq!(place.emulator.is_logged_in(), !ended);
            assert_eq!(place.names(), [""; 0], "nothing is left");
            assert!(!place.path("session.json").exists());
        }
    }
}

#[test]
fn a_signal_does_not_keep_a_login_that_cannot_be_saved_from_being_ended() {
    for transport in TRANSPORTS {
        // The signal arrives before the login is ended, or meanwhile.
        for (fault, endpoint) in
            [("delay=1000@webwxlogout", "webwxlogout"), ("delay=1000@webwxinit", "webwxinit")]
        {
            let place = place(&[fault]);
            let child = without_room(&place, transport);
            place.wait_for(endpoint, 1);
            signal(&child, "INT");
            let ran = place.wait(child);
            assert_eq!(ran.code, 130, "{fault}: {}", ran.err);
            assert!(
                ran.err.contains("was ended") && !ran.err.contains("end it on"),
                "{fault}: {}",
                ran.err
            );
            assert!(!place.emulator.is_logged_in(), "{fault}");
        }
        let place = place(&["delay=60000@webwxlogout"]);
        let mut child = without_room(&place, transport);
        place.wait_for("webwxlogout", 1);
        // Signals that follow at once do not count. The next signal counts once the command has
        // said that it waits.
        while child.try_wait().unwrap().is_none() {
            signal(&child, "TERM");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let ran = place.wait(child);
        assert!(ran.err.contains("a second signal does not wait"), "{}", ran.err);
        assert!(
            [130, 143].contains(&ran.code) && ran.err.contains("end it on the phone"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn a_login_that_is_over_at_once_gives_the_file_back() {
    for transport in TRANSPORTS {
        let place = Place::with(&["ret=1100@webwxinit#1"]);
        let before = saved(&place);
        let ran = login(&place, transport, &[]);
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(saved(&place) == before);
        // If the file held no login before, the next one can ask the phone.
        let place = self::place(&["ret=1100@webwxinit#1"]);
        assert_eq!(login(&place, transport, &[]).code, 3);
        assert!(saved(&place).check_login().is_err());
        let ran = place.wx(&about("login", transport, &["--push", "--json"]));
        assert_eq!((ran.code, ran.kinds()[0].as_str()), (0, "asked"), "{}", ran.err);
    }
}

#[test]
fn a_question_that_cannot_be_asked_becomes_a_code() {
    for transport in TRANSPORTS {
        for fault in ["status=404", "html", "empty", "status=500"] {
            let place = Place::with(&[&format!("{fault}@webwxpushloginurl")]);
            let ran = place.wx(&about("login", transport, &["--push", "--json"]));
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert_eq!(ran.kinds(), ["trouble", "code", "scanned", "confirmed", "logged_in"]);
        }
    }
}

/// A field that a later version has written into the file.
/// The pages differ in what they can do, so a forgotten option must not exchange them.
#[test]
fn a_login_of_another_page_is_replaced_only_by_force() {
    let profile = wx_emulator::Profile::FileHelper;
    let place = Place::with_emulator(wx_emulator::Emulator::builder().profile(profile));
    let before = fs::read(place.path("session.json")).unwrap();
    let ran = login(&place, "ureq", &[]);
    assert_eq!(ran.code, 1);
    let words = "session.json: holds a login of another page (filehelper); choose";
    assert!(ran.one_line().contains(words), "{}", ran.err);
    assert!(fs::read(place.path("session.json")).unwrap() == before);
    place.assert_silence();
    let helper = ["--profile", "filehelper"];
    assert_eq!(login(&place, "ureq", &helper).code, 0);

    place.file("session.json", Place::new().emulator.session_json().as_bytes());
    let ran = login(&place, "ureq", &helper);
    assert!(ran.code == 1 && ran.one_line().contains("another page (web)"), "{}", ran.err);
    let ran = login(&place, "ureq", &[&helper[..], &["--force"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    // After a logout, the file holds no login.
    assert_eq!(place.wx(&about("logout", "ureq", &[])).code, 0);
    let ran = login(&place, "ureq", &[]);
    assert!(!ran.err.contains("another page"), "{}", ran.err);
}

#[test]
fn unknown_keys_outlive_a_login_of_the_same_account() {
    for transport in TRANSPORTS {
        for push in [false, true] {
            let place = Place::new();
            place.session(|session| session["later"] = "kept".into());
            let ran = match push {
                true => place.wx(&about("login", transport, &["--push"])),
                false => login(&place, transport, &[]),
            };
            assert_eq!(ran.code, 0, "{}", ran.err);
            let file = fs::read_to_string(place.path("session.json")).unwrap();
            assert!(file.contains("\"later\": \"kept\""), "{push}");
        }
    }
}
