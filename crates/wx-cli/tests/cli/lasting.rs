//! A login that lasts: what `watch` saves and warns about, what `whoami` shows, and what all
//! commands say once the login is over.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use wx_emulator::Emulator;

use crate::life::{about, login};
use crate::support::{Place, TRANSPORTS, signal, wait_until};

const HOUR: u64 = 3600;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Returns a place with a new login, whose session file has a sync position.
fn logged_in(life: Duration, transport: &str) -> Place {
    let place = Place::with_emulator(Emulator::builder().login_lifetime(life));
    fs::remove_file(place.path("session.json")).unwrap();
    assert_eq!(login(&place, transport, &[]).code, 0);
    place
}

fn file(place: &Place) -> Value {
    serde_json::from_slice(&fs::read(place.path("session.json")).unwrap()).unwrap()
}

fn end_of(place: &Place, name: &str) -> u64 {
    let file = file(place);
    let cookie = file["cookies"].as_array().unwrap().iter().find(|cookie| cookie["name"] == name);
    cookie.unwrap()["expires"].as_u64().unwrap()
}

/// Sets the time at which the login ends.
fn set_end(place: &Place, end: u64) {
    let mut session = file(place);
    for cookie in session["cookies"].as_array_mut().unwrap() {
        if ["wxsid", "wxuin", "webwx_data_ticket"].iter().any(|name| cookie["name"] == *name) {
            cookie["expires"] = end.into();
        }
    }
    place.file("session.json", session.to_string().as_bytes());
}

#[test]
fn p102_a_renewed_login_is_saved_without_a_message() {
    for transport in TRANSPORTS {
        let place = logged_in(Duration::from_secs(12 * HOUR), transport);
        set_end(&place, now() + HOUR);
        let child = place.spawn(&about("watch", transport, &["--json"]));
        wait_until(|| end_of(&place, "wxsid") > now() + 11 * HOUR);
        assert!(file(&place)["synced_at"].as_u64().unwrap() + 60 > now());
        assert_eq!(place.emulator.incoming(), [""; 0]);
        signal(&child, "TERM");
        let ran = place.wait(child);
        assert_eq!(
            (ran.code, ran.out.as_str(), ran.err.lines().count()),
            (143, "", 1),
            "{}",
            ran.err
        );
    }
}

#[test]
fn p102_a_login_that_is_no_longer_renewed_is_told_before_its_end() {
    for transport in TRANSPORTS {
        for json in [false, true] {
            let place = logged_in(Duration::from_secs(HOUR), transport);
            let more = if json { &["--json"][..] } else { &[] };
            let child = place.spawn(&about("watch", transport, more));
            place.wait_for("synccheck", 3);
            let end = end_of(&place, "wxsid");
            signal(&child, "TERM");
            let ran = place.wait(child);
            if json {
                let events = ran.events();
                assert_eq!(events.len(), 1, "{}", ran.out);
                assert_eq!(events[0]["event"], "login_ends");
                assert_eq!(events[0]["ends_at"], end);
            } else {
                let told = ran.err.lines().filter(|line| line.contains("login, which ends at"));
                assert_eq!(told.count(), 1, "{}", ran.err);
            }
        }
    }
}

#[test]
fn whoami_shows_when_the_login_ends() {
    for transport in TRANSPORTS {
        let place = logged_in(Duration::from_secs(12 * HOUR), transport);
        set_end(&place, 4_107_542_399);
        let ran = place.wx(&about("whoami", transport, &[]));
        assert!(ran.out.ends_with(", until 2100-02-28T23:59:59Z\n"), "{}", ran.out);
        let ran = place.wx(&about("whoami", transport, &["--json"]));
        assert_eq!(ran.events()[0]["ends_at"], 4_107_542_399_u64);
    }
}

#[test]
fn p103_a_login_that_is_over_is_told_without_a_request() {
    for transport in TRANSPORTS {
        let place = logged_in(Duration::from_secs(12 * HOUR), transport);
        set_end(&place, 1_511_493_942);
        place.file("a.jpg", &crate::support::jpeg(100, 1));
        let before = place.emulator.requests().len();
        let send = ["--to", "filehelper", "a.jpg"];
        for (command, more) in [
            ("whoami", &[][..]),
            ("contacts", &[]),
            ("watch", &[]),
            ("send-image", &send),
            ("send", &["--to", "filehelper", "--text", "hello"]),
        ] {
            let ran = place.wx(&about(command, transport, more));
            assert_eq!(ran.code, 3, "{command}: {}", ran.err);
            assert!(
                ran.err
                    .contains("the login has been over since 2017-11-24T03:25:42Z; log in again"),
                "{command}: {}",
                ran.err
            );
        }
        let ran = place.wx(&about("whoami", transport, &["--json"]));
        assert_eq!(ran.column("advice"), ["login_again"]);
        assert_eq!(place.emulator.requests().len(), before);
    }
}
