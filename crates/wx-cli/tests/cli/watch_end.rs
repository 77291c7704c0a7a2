//! `watch --once` and `--timeout-idle`.

use std::fs;
use std::time::Duration;

use wx_emulator::{Emulator, Incoming};

use crate::life::about;
use crate::support::{Place, TRANSPORTS, jpeg, signal};

/// An emulator whose long polls take longer than a test.
fn place() -> Place {
    Place::with_emulator(Emulator::builder().hold(Duration::from_secs(60)))
}

#[test]
fn once_ends_after_a_whole_batch_with_a_chosen_message() {
    for transport in TRANSPORTS {
        let place = place();
        place.emulator.deliver(Incoming::text("not chosen"));
        let args = ["--json", "--once", "--kinds", "image"];
        let child = place.spawn(&about("watch", transport, &args));
        // The first batch has no chosen message.
        place.wait_for("synccheck", 2);
        let chosen = place.emulator.deliver(jpeg(2000, 1));
        let ran = place.wait(child);
        assert_eq!((ran.code, ran.column("msg_id")), (0, vec![chosen]), "{}", ran.err);

        let expected = ["first", "second"];
        expected.iter().for_each(|text| drop(place.emulator.deliver(Incoming::text(*text))));
        let ran = place.wx(&about("watch", transport, &["--json", "--once"]));
        assert_eq!((ran.code, ran.column("content")), (0, expected.map(str::to_owned).to_vec()));
        // The session file is past them.
        let ran = place.wx(&about("watch", transport, &["--json", "--timeout-idle", "0.2"]));
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    }
}

#[test]
fn an_idle_watch_ends_in_the_middle_of_a_long_poll() {
    for transport in TRANSPORTS {
        let place = place();
        let id = place.emulator.deliver(Incoming::text("first"));
        let args = ["--json", "--timeout-idle", "0.3"];
        let ran = place.wx(&about("watch", transport, &args));
        assert_eq!((ran.code, ran.column("msg_id")), (0, vec![id]), "{}", ran.err);
        // Messages that are not chosen do not count.
        let args = ["--timeout-idle", "0.3", "--kinds", "image"];
        place.emulator.deliver(Incoming::text("second"));
        let ran = place.wx(&about("watch", transport, &args));
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

#[test]
fn a_download_is_not_cut_off_and_a_signal_still_works() {
    for transport in TRANSPORTS {
        let place = place();
        place.emulator.add_fault("delay=700@webwxgetmsgimg#1".parse().unwrap());
        let id = place.emulator.deliver(jpeg(2000, 1));
        let args = ["--save", "kept", "--timeout-idle", "0.2"];
        let ran = place.wx(&about("watch", transport, &args));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(fs::read(place.path(&format!("kept/{id}.jpg"))).unwrap() == jpeg(2000, 1));

        let before = place.emulator.requests_to("synccheck");
        let child = place.spawn(&about("watch", transport, &["--timeout-idle", "60"]));
        place.wait_for("synccheck", before + 1);
        signal(&child, "INT");
        assert_eq!(place.wait(child).code, 130);
    }
}

#[test]
fn an_idle_watch_that_cannot_reach_the_server_ends_and_has_failed() {
    for transport in TRANSPORTS {
        let place = Place::with(&["status=503@webwxinit#1+"]);
        for base in [place.emulator.base(), "http://127.0.0.1:1".to_owned()] {
            place.session(|session| session["base"] = base.into());
            let ran = place.wx(&about("watch", transport, &["--timeout-idle", "0.3"]));
            assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{}", ran.err);
            let words = "the network or the server was failing at the end of --timeout-idle";
            assert!(ran.err.contains(words), "{}", ran.err);
        }
    }
}
