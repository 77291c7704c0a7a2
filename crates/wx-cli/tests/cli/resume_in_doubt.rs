//! `wx resume` of a message that may have been delivered.

use std::fs;
#[cfg(target_os = "linux")]
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::resume::{job, killed, resume};
use crate::support::{Place, TRANSPORTS, jpeg, signal};

/// Makes the first message too old to be repeated.
fn age(place: &Place, ms: u64) {
    let path = place.path("job/outbox.jsonl");
    let record = fs::read_to_string(&path).unwrap();
    let mut aged = String::new();
    for line in record.lines() {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        if entry["state"]["key"] == "0/0" {
            let at = &mut entry["state"]["state"]["job"]["message"]["handed_out_ms"];
            *at = (at.as_u64().expect("the message has left") - ms).into();
        }
        aged.push_str(&format!("{entry}\n"));
    }
    fs::write(path, aged).unwrap();
}

#[test]
fn an_old_message_is_sent_again_only_on_request() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=60000@webwxsendmsgimg#1"]);
        let picture = jpeg(100, 1);
        place.file("a.jpg", &picture);
        place.file("b.jpg", &jpeg(100, 2));
        killed(&place, &job(transport, &["a.jpg", "b.jpg"]), "webwxsendmsgimg", 1);
        age(&place, 61_000);
        // The message in doubt does not stop the others.
        for kinds in [&["unknown", "sent"][..], &["unknown"]] {
            let ran = resume(&place, transport, &[]);
            assert_eq!((ran.code, ran.kinds().join(" ")), (4, kinds.join(" ")), "{}", ran.err);
            assert_eq!(ran.column("step")[0], "message");
            assert_eq!(ran.column("local_id")[0], place.emulator.messages()[0].client_msg_id);
            for words in
                ["wx resume --resend", "wx resume --give-up", "only messages that may have been"]
            {
                assert!(ran.err.contains(words), "{}", ran.err);
            }
            assert_eq!(place.emulator.requests_to("webwxsendmsgimg"), 2);
        }
        let ran = resume(&place, transport, &["--resend"]);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned()]), "{}", ran.err);
        let messages = place.emulator.messages();
        assert_eq!(messages.len(), 2);
        assert!(messages[0].media == picture);
    }
}

/// A job of three pictures that was killed while it waited for the reply to the first message.
fn job_in_doubt(transport: &str) -> Place {
    let place = Place::with(&["delay=60000@webwxsendmsgimg#1"]);
    let names = ["a.jpg", "b.jpg", "c.jpg"];
    names.iter().zip(1..).for_each(|(name, mark)| drop(place.file(name, &jpeg(100, mark))));
    killed(&place, &job(transport, &names), "webwxsendmsgimg", 1);
    place
}

#[test]
fn whatever_stands_in_the_way_a_message_in_doubt_is_told_as_unknown() {
    for transport in TRANSPORTS {
        let place = job_in_doubt(transport);
        type Obstacle = (&'static str, fn(&Place), &'static [&'static str]);
        let obstacles: [Obstacle; 6] = [
            ("over", |place| place.session(|session| session["skey"] = "".into()), &[]),
            ("of another", |place| place.session(|session| session["sid"] = "another".into()), &[]),
            ("broken", |place| drop(place.file("session.json", b"dear diary")), &[]),
            ("missing", |place| fs::remove_file(place.path("session.json")).unwrap(), &[]),
            ("no trace", |_| {}, &["--trace", "none/trace"]),
            ("no trace, on request", |_| {}, &["--trace", "none/trace", "--resend"]),
        ];
        for (name, obstacle, more) in obstacles {
            place.session(|_| {});
            obstacle(&place);
            let ran = resume(&place, transport, more);
            assert_eq!(ran.code, 4, "{name}: {}", ran.err);
            assert_eq!(ran.kinds(), ["unknown", "failed", "failed"], "{name}");
            assert_eq!(ran.column("step"), ["message", "not_started", "not_started"], "{name}");
            assert_eq!(ran.column("advice")[0], "look_at_phone", "{name}");
            assert!(
                ran.err.contains("a.jpg: to filehelper: ") && ran.err.contains("--give-up"),
                "{}",
                ran.err
            );
        }
        assert_eq!(place.emulator.requests().len(), 2, "nothing was asked");
        // If nothing is in doubt, the exit codes are the usual ones.
        place.session(|session| session["skey"] = "".into());
        let ran = resume(&place, transport, &["--give-up"]);
        assert_eq!(
            (ran.code, ran.kinds()),
            (3, ["given_up", "failed", "failed"].map(str::to_owned).to_vec())
        );
        assert_eq!((resume(&place, transport, &[]).code, place.emulator.requests().len()), (3, 2));
    }
}

#[test]
fn an_interrupt_does_not_make_a_message_in_doubt_a_failed_one() {
    for transport in TRANSPORTS {
        let place = job_in_doubt(transport);
        age(&place, 61_000);
        // The message in doubt comes first, followed by a slow upload.
        place.emulator.add_fault("delay=60000@webwxuploadmedia#2".parse().unwrap());
        let fixed =
            ["resume", "job", "--session", "session.json", "--json", "--transport", transport];
        let child = place.spawn(&fixed);
        place.wait_for("webwxuploadmedia", 2);
        signal(&child, "INT");
        let ran = place.wait(child);
        assert_eq!(
            (ran.code, &ran.kinds()[..]),
            (4, &["unknown", "failed", "failed"].map(str::to_owned)[..])
        );
    }
}

#[test]
fn a_message_that_is_given_up_is_told_once_and_never_sent_again() {
    for transport in TRANSPORTS {
        let place = job_in_doubt(transport);
        let refused = resume(&place, transport, &["--give-up", "--resend"]);
        assert_eq!(refused.code, 2, "{}", refused.err);
        let ran = resume(&place, transport, &["--give-up"]);
        assert_eq!(
            (ran.code, ran.kinds()),
            (0, ["given_up", "sent", "sent"].map(str::to_owned).to_vec())
        );
        assert!(ran.err.contains("given up"), "{}", ran.err);
        assert_eq!(place.emulator.messages().len(), 3);
        assert_eq!(fs::read_dir(place.path("job")).unwrap().count(), 0, "nothing is left");
        // Giving up the only message needs neither a login nor a request.
        let place = Place::with(&["delay=60000@webwxsendmsgimg#1"]);
        place.file("a.jpg", &jpeg(100, 1));
        killed(&place, &job(transport, &["a.jpg"]), "webwxsendmsgimg", 1);
        fs::remove_file(place.path("session.json")).unwrap();
        let ran = resume(&place, transport, &["--give-up"]);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["given_up".to_owned()]), "{}", ran.err);
        assert_eq!(
            (&ran.column("kind")[0], &ran.column("to_name")[0]),
            (&"image".into(), &"filehelper".into())
        );
        assert_eq!(place.emulator.requests().len(), 2);
        assert_eq!(fs::read_dir(place.path("job")).unwrap().count(), 0, "nothing is left");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_message_that_left_before_a_restart_of_the_computer_is_old() {
    for transport in TRANSPORTS {
        let place = job_in_doubt(transport);
        let record = fs::read_to_string(place.path("job/outbox.jsonl")).unwrap();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let other = record.replace(boot.trim_end(), "00000000-0000-4000-8000-000000000000");
        assert_ne!(other, record);
        place.file("job/outbox.jsonl", other.as_bytes());
        let ran = resume(&place, transport, &[]);
        assert_eq!(
            (ran.code, ran.kinds()),
            (4, ["unknown", "sent", "sent"].map(str::to_owned).to_vec())
        );
        // This also holds if the message was sent once more since the computer has started.
        let fault = format!(
            "drop=after@webwxsendmsgimg#{}+",
            place.emulator.requests_to("webwxsendmsgimg") + 1
        );
        place.emulator.add_fault(fault.parse().unwrap());
        assert_eq!(resume(&place, transport, &["--resend"]).code, 4);
        let asked = place.emulator.requests_to("webwxsendmsgimg");
        assert_eq!(resume(&place, transport, &[]).code, 4);
        assert_eq!(place.emulator.requests_to("webwxsendmsgimg"), asked);
        assert_eq!(place.emulator.messages().len(), 3);
    }
}

/// The time of the reply is known, although that of the first try means nothing.
#[cfg(target_os = "linux")]
#[test]
fn what_is_sent_again_after_a_restart_of_the_computer_has_its_time() {
    let place = job_in_doubt("ureq");
    let record = fs::read_to_string(place.path("job/outbox.jsonl")).unwrap();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let other = record.replace(boot.trim_end(), "00000000-0000-4000-8000-000000000000");
    place.file("job/outbox.jsonl", other.as_bytes());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let ran = resume(&place, "ureq", &["--resend"]);
    assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned(); 3]), "{}", ran.err);
    assert!(ran.events().iter().all(|event| event["sent_at"].as_u64().unwrap() >= now));
}

#[test]
fn a_record_that_does_not_tell_the_boot_goes_on_by_its_time() {
    let place = job_in_doubt("ureq");
    let record = fs::read_to_string(place.path("job/outbox.jsonl")).unwrap();
    let mut old = String::new();
    for line in record.lines() {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        if let Some(state) = entry.get_mut("state").and_then(Value::as_object_mut) {
            state.remove("boot");
        }
        old.push_str(&format!("{entry}\n"));
    }
    place.file("job/outbox.jsonl", old.as_bytes());
    let ran = resume(&place, "ureq", &[]);
    assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned(); 3]), "{}", ran.err);
}
