//! While the network or the server fails, `watch` waits and reports the reason. Otherwise it
//! reports nothing.

use wx_emulator::Emulator;

use crate::life::{about, kept, watch};
use crate::support::{Place, TRANSPORTS, jpeg, png, send, signal, wait_until};

/// A server with these faults and one picture to deliver.
fn place(faults: &[&str]) -> Place {
    let picture = png();
    Place::build(faults, &[&picture])
}

#[test]
fn a_failure_is_reported_with_its_reason_when_it_begins_and_when_it_is_over() {
    // A request that is dropped on a reused connection does not count as a try.
    for (transport, faults, why) in [
        ("ureq", &["status=503@synccheck#1"][..], "the server answered with status 503"),
        (
            "reqwest",
            &["drop=before@synccheck#1", "drop=before@synccheck#2"],
            "the connection to the server was closed",
        ),
        ("ureq", &["html@synccheck#1"], "the server answered with a web page"),
        (
            "reqwest",
            &["ret=-1@webwxsync#1"],
            "the server refused the request: Ret -1 (server error)",
        ),
    ] {
        let place = Place::with(faults);
        let child = place.spawn(&about("watch", transport, &["--save-images", "kept"]));
        place.wait_for("synccheck", 2);
        place.emulator.deliver(png());
        wait_until(|| kept(&place).len() == 1);
        signal(&child, "TERM");
        let ran = place.wait(child);
        let why = format!("{why}; retrying");
        assert!(
            ran.err.contains(&why) && ran.err.contains("the server answers again"),
            "{}",
            ran.err
        );
        assert_eq!(ran.err.matches("retrying").count(), 1, "{}", ran.err);
    }
}

#[test]
fn a_quiet_start_and_polls_with_nothing_new_report_nothing() {
    for transport in TRANSPORTS {
        let place =
            Place::with_emulator(Emulator::builder().hold(std::time::Duration::from_millis(50)));
        place.emulator.deliver(png());
        // The second `watch` begins with a webwxsync, which returns no messages.
        for syncs in 1..3 {
            let polls = place.emulator.requests_to("synccheck");
            let child = place.spawn(&about("watch", transport, &["-v"]));
            place.wait_for("synccheck", polls + 4);
            signal(&child, "TERM");
            let ran = place.wait(child);
            assert_eq!(place.emulator.requests_to("webwxsync"), syncs);
            for word in ["answer", "retrying", "attempt 2", "last attempt"] {
                assert!(!ran.err.contains(word), "{word}: {}", ran.err);
            }
        }
    }
}

#[test]
fn statuses_that_ask_for_another_try_cost_no_picture() {
    let faults: Vec<_> = (1..)
        .zip([429, 408, 425, 500])
        .map(|(n, code)| format!("status={code}@webwxgetmsgimg#{n}"))
        .collect();
    let place = place(&faults.iter().map(String::as_str).collect::<Vec<_>>());
    let ran = watch(&place, "ureq", 1);
    assert_eq!(ran.kinds()[..2], ["message", "fetched"], "{}", ran.err);
    assert!(
        ran.err.contains("the download failed: the server answered with status"),
        "{}",
        ran.err
    );
}

#[test]
fn a_network_that_is_gone_for_a_while_costs_no_picture() {
    let faults: Vec<_> = (1..=4).map(|n| format!("drop=before@webwxgetmsgimg#{n}")).collect();
    let place = place(&faults.iter().map(String::as_str).collect::<Vec<_>>());
    let ran = watch(&place, "ureq", 1);
    assert!(
        ran.err.contains(
            "no usable reply in 3 tries: the connection to the server was closed; retrying"
        ),
        "{}",
        ran.err
    );
    assert_eq!(place.emulator.requests_to("webwxgetmsgimg"), 5);
}

#[test]
fn a_send_says_why_a_try_is_repeated() {
    for transport in TRANSPORTS {
        let place = Place::with(&["status=503@webwxuploadmedia#1", "status=502@webwxsendmsgimg#1"]);
        place.file("a.jpg", &jpeg(9000, 1));
        let ran = place.wx(&send(transport, &["-v", "--retry-wait", "0", "a.jpg"]));
        assert_eq!(ran.code, 0, "{}", ran.err);
        for (what, why) in
            [("uploading chunk 1 of 1, attempt 2", 503), ("sending the message, attempt 2", 502)]
        {
            let line = ran.err.lines().find(|line| line.contains(what)).unwrap();
            let why = format!("the last attempt failed: the server answered with status {why}");
            assert!(line.contains(&why), "{line}");
        }
    }
}
