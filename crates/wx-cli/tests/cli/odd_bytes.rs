//! Names and messages of other people whose bytes are not valid JSON.

use wx_emulator::{Emulator, Incoming};

use crate::support::{Place, Ran, TRANSPORTS, jpeg, signal, wait_until};

fn with_odd_bytes(odd: &str) -> Place {
    let calls = ["webwxinit", "webwxgetcontact", "webwxsync"];
    let builder = calls.iter().fold(Emulator::builder(), |builder, call| {
        builder.fault(format!("odd-bytes={odd}@{call}").parse().unwrap())
    });
    Place::with_emulator(builder.contact("Anna", "Anna").hold(std::time::Duration::from_millis(50)))
}

fn about(place: &Place, command: &str, transport: &str, more: &[&str]) -> Ran {
    let args = [command, "--session", "session.json", "--transport", transport];
    place.wx(&[&args, more].concat())
}

/// Runs `watch` until the session file is past everything that arrived, then stops it.
pub(crate) fn watch(place: &Place, transport: &str, more: &[&str]) -> Ran {
    let before = place.emulator.requests_to("synccheck");
    let args = ["watch", "--session", "session.json", "--transport", transport];
    let child = place.spawn(&[&args, more].concat());
    // The first synccheck may lead to a webwxsync. The second one follows after its result was
    // saved.
    wait_until(|| place.emulator.requests_to("synccheck") >= before + 2);
    signal(&child, "TERM");
    place.wait(child)
}

#[test]
fn odd_bytes_of_strangers_stop_no_command() {
    for odd in ["utf8", "surrogate", "control", "around"] {
        let place = with_odd_bytes(odd);
        place.emulator.deliver(Incoming::text("first"));
        place.emulator.deliver(Incoming::text("second"));
        let base = place.emulator.base();
        let ran = about(&place, "login", "ureq", &["--base", &base, "--force", "--json"]);
        assert_eq!(
            (ran.code, ran.kinds().pop().unwrap()),
            (0, "logged_in".into()),
            "{odd}: {}",
            ran.err
        );
        let ran = about(&place, "contacts", "ureq", &["--json"]);
        assert_eq!(ran.code, 0, "{odd}: {}", ran.err);
        assert!(ran.column("remark_name").contains(&"Anna".to_owned()), "{odd}");
        let ran = watch(&place, "ureq", &["--json"]);
        let messages: Vec<_> =
            ran.events().into_iter().filter(|event| event["event"] == "message").collect();
        let ids: Vec<_> = messages.iter().map(|event| event["msg_id"].as_str().unwrap()).collect();
        assert_eq!(ids, place.emulator.incoming(), "{odd}: {}", ran.err);
        assert!(messages[1]["content"].as_str().unwrap().starts_with("second"), "{odd}");

        place.file("a.jpg", &jpeg(2000, 1));
        let ran = about(&place, "send-image", "ureq", &["--to", "name:Anna", "a.jpg"]);
        assert_eq!((ran.code, place.emulator.messages().len()), (0, 1), "{odd}: {}", ran.err);
    }
}

#[test]
fn what_cannot_be_read_is_reported_and_passed() {
    for transport in TRANSPORTS {
        let place = with_odd_bytes("id");
        let lost = place.emulator.deliver(Incoming::text("lost"));
        let kept = place.emulator.deliver(Incoming::text("kept"));
        let ran = watch(&place, transport, &["--json"]);
        let skipped = ran.events().into_iter().find(|event| event["event"] == "skipped").unwrap();
        assert_eq!((&skipped["what"], &skipped["unreadable"]), (&"messages".into(), &1.into()));
        let ids = ran.column("msg_id");
        assert!(ids.contains(&kept) && !ids.contains(&lost), "{ids:?}");
        // The next `watch` does not receive it again: even if it is alone in its batch, the message
        // is skipped.
        place.emulator.deliver(Incoming::text("lost"));
        let ran = watch(&place, transport, &[]);
        assert!(ran.err.contains("skipped messages: 1 could not be read"), "{}", ran.err);
        assert_eq!(ran.out, "");
        let ran = watch(&place, transport, &[]);
        assert!(!ran.err.contains("skipped"), "{}", ran.err);

        let ran = about(&place, "contacts", transport, &[]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            ran.out.contains("Anna") && ran.err.contains("skipped contacts: 1 could not be read")
        );
    }
}
