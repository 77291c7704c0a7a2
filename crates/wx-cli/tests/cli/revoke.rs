//! `wx revoke`: messages that `wx send` has sent disappear again.

use serde_json::{Value, json};
use wx_emulator::{Emulator, Profile};

use crate::support::{Place, Ran, TRANSPORTS, jpeg, signal};

fn wx(place: &Place, command: &str, transport: &str, more: &[&str]) -> Ran {
    let args = [command, "--session", "session.json", "--transport", transport];
    place.wx(&[&args, more].concat())
}

fn place(faults: &[&str]) -> Place {
    let fault = |builder: wx_emulator::Builder, fault: &&str| builder.fault(fault.parse().unwrap());
    Place::with_emulator(faults.iter().fold(Emulator::builder().contact("Anna", ""), fault))
}

/// Sends a text and a picture to Anna, and returns the lines.
fn sent(place: &Place, transport: &str) -> Ran {
    place.file("a.jpg", &jpeg(100, 1));
    let args = ["--json", "--to", "name:Anna", "--text", "hello", "a.jpg"];
    let ran = wx(place, "send", transport, &args);
    assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned(); 2]), "{}", ran.err);
    ran
}

fn revoked(place: &Place) -> Vec<bool> {
    place.emulator.messages().iter().map(|message| message.revoked).collect()
}

#[test]
fn p89_the_lines_of_send_revoke_their_messages_once() {
    for transport in TRANSPORTS {
        let place = place(&["ret=1204@webwxsendmsg#2"]);
        let lines = sent(&place, transport);
        let anna = place.emulator.contact("Anna").unwrap().to_owned();
        let failed = wx(&place, "send", transport, &["--json", "--to", &anna, "--text", "more"]);
        // What was not sent is left out, and no message is revoked twice.
        let (first, second) = lines.out.trim_end().split_once('\n').unwrap();
        let skipped = json!({ "event": "skipped", "what": "contacts", "unreadable": 1 });
        let input = format!("{skipped}\n{first}\n\n{}{first}\n{second}\r\n", failed.out);
        place.file("sent.jsonl", input.as_bytes());
        let ran = wx(&place, "revoke", transport, &["--json", "--message", "sent.jsonl"]);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["revoked".to_owned(); 2]), "{}", ran.err);
        assert_eq!(ran.column("msg_id"), lines.column("msg_id"));
        assert_eq!(ran.column("to"), [anna.as_str(); 2]);
        assert_eq!(ran.column("to_name"), ["Anna"; 2]);
        assert_eq!((revoked(&place), place.emulator.violations()), (vec![true; 2], vec![]));
        let ids: Vec<_> =
            place.emulator.messages().into_iter().map(|it| it.client_msg_id).collect();
        assert_eq!(lines.column("local_id"), ids);

        // The server decides about a message of which only the MsgID is known.
        let id = &lines.column("msg_id")[1];
        let ran = wx(&place, "revoke", transport, &["--to", "name:Anna", id]);
        assert_eq!((ran.code, ran.out), (0, format!("revoked {id} to name:Anna\n")), "{}", ran.err);
        let ran = wx(&place, "revoke", transport, &["--json", "--to", &anna, "7"]);
        let [event] = &ran.events()[..] else { panic!("{}", ran.err) };
        assert_eq!((ran.code, &event["event"], &event["ret"]), (1, &"failed".into(), &1.into()));
        assert_eq!((&event["msg_id"], &event["to"]), (&"7".into(), &anna.as_str().into()));
        assert_eq!(event["advice"], "check_message");
        assert!(ran.err.contains("probably older than two minutes"), "{}", ran.err);
        assert_eq!(place.emulator.requests_to("webwxrevokemsg"), 4);
    }
}

#[test]
fn p89_what_is_too_old_or_for_oneself_is_refused_and_the_rest_is_revoked() {
    let place = place(&[]);
    let lines = sent(&place, "ureq");
    let mut events = lines.events();
    let sent_at = events[0]["sent_at"].as_u64().unwrap();
    events[0]["sent_at"] = (sent_at - 121).into();
    let helper = wx(&place, "send", "ureq", &["--json", "--to", "filehelper", "--text", "mine"]);
    let text: String = events.iter().map(|event| format!("{event}\n")).collect();
    let args = ["revoke", "--session", "session.json", "--json", "--message", "-"];
    let ran = place.wx_with_input(&args, (helper.out.clone() + &text).as_bytes());
    assert_eq!((ran.code, ran.kinds().join(" ")), (1, "failed failed revoked".into()));
    assert_eq!(ran.column("advice")[..2], ["delete_on_phone"; 2]);
    assert_eq!(ran.column("to_name"), ["filehelper", "Anna", "Anna"]);
    assert!(ran.err.contains("to the File Transfer Helper cannot be revoked"), "{}", ran.err);
    assert!(ran.err.contains("older than two minutes"), "{}", ran.err);
    assert_eq!(revoked(&place), [false, true, false]);

    // The age counts from the time at which the server accepted the message.
    let late = json!({ "event": "sent", "msg_id": events[0]["msg_id"], "to": events[0]["to"],
        "local_id": "15114939427950364", "sent_at": sent_at });
    place.file("sent.jsonl", late.to_string().as_bytes());
    let ran = wx(&place, "revoke", "ureq", &["--message", "sent.jsonl"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(revoked(&place), [true, true, false]);

    let id = &helper.column("msg_id")[0];
    for profile in [Profile::Web, Profile::FileHelper] {
        let place = Place::with_emulator(Emulator::builder().profile(profile));
        let ran = wx(&place, "revoke", "reqwest", &["--to", "filehelper", id]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        assert!(ran.one_line().contains("cannot be revoked; "), "{}", ran.err);
        place.assert_silence();
    }
}

#[test]
fn p89_a_revocation_without_a_reply_is_unknown_and_is_not_repeated() {
    for transport in TRANSPORTS {
        let place = place(&["drop=after@webwxrevokemsg#1"]);
        let lines = sent(&place, transport);
        place.file("sent.jsonl", lines.out.as_bytes());
        let args = ["--json", "--retry-wait", "0", "--message", "sent.jsonl"];
        let ran = wx(&place, "revoke", transport, &args);
        assert_eq!((ran.code, ran.kinds().join(" ")), (4, "unknown revoked".into()), "{}", ran.err);
        assert_eq!(ran.column("msg_id"), lines.column("msg_id"));
        assert_eq!(
            (revoked(&place), place.emulator.requests_to("webwxrevokemsg")),
            (vec![true; 2], 2)
        );

        place.emulator.add_fault("delay=60000@webwxrevokemsg#3".parse().unwrap());
        let args = ["revoke", "--session", "session.json", "--json", "--transport", transport];
        let child = place.spawn(&[&args[..], &["--message", "sent.jsonl"]].concat());
        place.wait_for("webwxrevokemsg", 3);
        signal(&child, "INT");
        let ran = place.wait(child);
        assert_eq!((ran.code, ran.kinds().join(" ")), (4, "unknown failed".into()), "{}", ran.err);
        assert_eq!(ran.column("step"), ["call", "not_started"]);
        assert!(ran.err.contains("it may have been revoked"), "{}", ran.err);
    }
}

#[test]
fn what_is_no_line_of_send_is_refused_before_anything_is_revoked() {
    let place = place(&[]);
    let lines = sent(&place, "ureq");
    let good = lines.out.lines().next().unwrap();
    let without = |key: &str| {
        let mut event = lines.events().remove(0);
        event.as_object_mut().unwrap().remove(key);
        event.to_string()
    };
    let with = |key: &str, value: &str| {
        let mut event = lines.events().remove(0);
        event[key] = value.into();
        event.to_string()
    };
    let asked = place.emulator.requests().len();
    for (line, words) in [
        (json!({ "event": "message", "msg_id": "7" }).to_string(), "it is the event \"message\""),
        (json!({ "event": "x".repeat(9000) }).to_string(), "it is the event \"xxxxxx"),
        ("[]".to_owned(), "line 2 is not the event of a message that was sent"),
        ("a text".to_owned(), "line 2 is not"),
        ("\u{1b}[31m".to_owned(), "line 2 is not"),
        ("{".to_owned(), "line 2 is not"),
        (with("msg_id", "../7"), "line 2 is not"),
        (with("to", "Anna"), "line 2 is not"),
        (without("local_id"), "line 2 is not"),
        (without("event"), "line 2 is not"),
    ] {
        place.file("sent.jsonl", format!("{good}\n{line}\n").as_bytes());
        let ran = wx(&place, "revoke", "ureq", &["--message", "sent.jsonl"]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{line}");
        let said = ran.one_line();
        assert!(said.starts_with("wx: sent.jsonl: ") && said.contains(words), "{said}");
        assert!(said.ends_with("that wx send --json has printed, or --to USER and the MsgID"));
        assert!(said.len() < 300, "{said}");
    }
    place.file("sent.jsonl", b"\n \n");
    let ran = wx(&place, "revoke", "ureq", &["--message", "sent.jsonl"]);
    assert!(ran.code == 1 && ran.one_line().contains("sent.jsonl: is empty; "), "{}", ran.err);
    for wrong in [
        &[][..],
        &["7"],
        &["--to", "name:Anna"],
        &["--to", "name:Anna", "x"],
        &["--message", "sent.jsonl", "7"],
        &["--message", "sent.jsonl", "--to", "filehelper"],
    ] {
        let ran = wx(&place, "revoke", "ureq", wrong);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{wrong:?}: {}", ran.err);
    }
    assert_eq!((place.emulator.requests().len(), revoked(&place)), (asked, vec![false; 2]));
}

#[test]
fn p89_what_was_not_sent_needs_no_revocation_and_says_so() {
    let place = place(&["ret=1204@webwxsendmsg"]);
    let ran = wx(&place, "send", "ureq", &["--json", "--to", "name:Anna", "--text", "hello"]);
    assert_eq!((ran.code, ran.kinds()), (1, vec!["failed".to_owned()]));
    place.file("sent.jsonl", ran.out.as_bytes());
    let asked = place.emulator.requests().len();
    let ran = wx(&place, "revoke", "ureq", &["--message", "sent.jsonl"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""));
    let words = "wx: sent.jsonl: holds no sent message: nothing to revoke";
    assert_eq!((ran.one_line(), place.emulator.requests().len()), (words, asked));
}

#[test]
fn p89_a_login_that_sends_only_to_filehelper_can_revoke_nothing() {
    let place = Place::with_emulator(Emulator::builder().profile(Profile::FileHelper));
    for to in ["name:Anna", "@0a1f"] {
        let ran = wx(&place, "revoke", "ureq", &["--to", to, "7"]);
        assert_eq!(ran.code, 1);
        let words = "messages to filehelper cannot be revoked: delete your own copy on the phone";
        assert!(ran.one_line().ends_with(words), "{}", ran.err);
    }
    place.assert_silence();
}

#[test]
fn a_message_whose_msg_id_is_unknown_is_reported_and_the_rest_is_revoked() {
    let place = place(&[]);
    let lines = sent(&place, "ureq");
    let mut doubtful: Value = lines.events().remove(0);
    for event in ["unknown", "given_up"] {
        doubtful["event"] = event.into();
        doubtful["msg_id"] = Value::Null;
        let last = lines.out.lines().last().unwrap();
        place.file("sent.jsonl", format!("{doubtful}\n{last}").as_bytes());
        let ran = wx(&place, "revoke", "ureq", &["--json", "--message", "sent.jsonl"]);
        assert_eq!((ran.code, ran.kinds().join(" ")), (1, "failed revoked".into()), "{}", ran.err);
        assert_eq!(ran.column("msg_id")[0], "null");
        assert_eq!(ran.column("advice")[0], "look_at_phone");
        let words = "wx: name:Anna: it may have been sent, but its MsgID is unknown; look at the";
        assert!(ran.one_line().contains(words), "{}", ran.err);
    }
    assert_eq!(revoked(&place), [false, true]);
}
