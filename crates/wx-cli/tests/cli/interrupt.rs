//! Ctrl-C and SIGTERM.

use crate::support::{CHUNK, Place, Ran, TRANSPORTS, fetch, jpeg, send, signal, wait_until};

/// Sends two pictures, interrupts after `requests` requests to `endpoint`, and returns how the
/// command ended.
fn interrupted(place: &Place, transport: &str, endpoint: &str, name: &str) -> Ran {
    place.file("a.jpg", &jpeg(CHUNK + 1, 1));
    place.file("b.jpg", &jpeg(100, 2));
    let child = place.spawn(&send(transport, &["--json", "a.jpg", "b.jpg"]));
    place.wait_for(endpoint, 1);
    signal(&child, name);
    let ran = place.wait(child);
    assert_eq!(ran.column("file"), ["a.jpg", "b.jpg"], "{}", ran.err);
    assert_eq!(ran.column("step")[1], "not_started");
    ran
}

#[test]
fn while_a_chunk_is_on_its_way() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=60000@webwxuploadmedia"]);
        let ran = interrupted(&place, transport, "webwxuploadmedia", "INT");
        assert_eq!((ran.code, ran.kinds()), (130, vec!["failed".into(), "failed".into()]));
        assert_eq!(
            (&ran.column("step")[0], &ran.column("chunk")[0]),
            (&"upload".to_owned(), &"0".to_owned())
        );
        assert!(place.emulator.messages().is_empty());
    }
}

#[test]
fn while_a_message_is_on_its_way() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=60000@webwxsendmsgimg"]);
        let ran = interrupted(&place, transport, "webwxsendmsgimg", "INT");
        assert_eq!((ran.code, ran.kinds()), (4, vec!["unknown".into(), "failed".into()]));
        let event = &ran.events()[0];
        assert_eq!(
            (&event["step"], &event["advice"]),
            (&"message".into(), &"look_at_phone".into())
        );
        let [message] = &place.emulator.messages()[..] else { panic!("it was stored") };
        assert_eq!(event["local_id"], message.client_msg_id.as_str());
        assert_eq!(event["media_id"], message.media_id.as_str());
        assert!(ran.err.contains("the conversation on the phone"), "{}", ran.err);
    }
}

#[test]
fn while_the_next_try_of_a_message_is_waited_for() {
    for transport in TRANSPORTS {
        let place = Place::with(&["close@webwxuploadmedia", "drop=after@webwxsendmsgimg"]);
        let ran = interrupted(&place, transport, "webwxsendmsgimg", "INT");
        assert_eq!((ran.code, ran.kinds()), (4, vec!["unknown".into(), "failed".into()]));
        assert_eq!(
            ran.events()[0]["local_id"],
            place.emulator.messages()[0].client_msg_id.as_str()
        );
        assert_eq!(place.emulator.requests_to("webwxsendmsgimg"), 1);
    }
}

#[test]
fn during_the_pause_between_pictures() {
    for transport in TRANSPORTS {
        let place = Place::new();
        place.file("a.jpg", &jpeg(100, 1));
        place.file("b.jpg", &jpeg(100, 2));
        let args = ["--json", "--trace", "trace", "--pace", "60", "a.jpg", "b.jpg"];
        let child = place.spawn(&send(transport, &args));
        // The last line is written once the picture is sent.
        wait_until(|| {
            std::fs::read_to_string(place.path("trace")).is_ok_and(|text| text.contains("\"sent\""))
        });
        signal(&child, "INT");
        let ran = place.wait(child);
        assert_eq!(
            (ran.code, ran.kinds()),
            (130, vec!["sent".into(), "failed".into()]),
            "{}",
            ran.err
        );
        assert_eq!(ran.column("step")[1], "not_started");
    }
}

#[test]
fn after_the_first_message_was_answered() {
    let place = Place::with(&["delay=60000@webwxuploadmedia#3"]);
    place.file("a.jpg", &jpeg(CHUNK + 1, 1));
    place.file("b.jpg", &jpeg(100, 2));
    let args = send("ureq", &["--json", "a.jpg", "b.jpg"]);
    let child = place.spawn(&args);
    place.wait_for("webwxuploadmedia", 3);
    signal(&child, "TERM");
    let ran = place.wait(child);
    assert_eq!((ran.code, ran.kinds()), (143, vec!["sent".into(), "failed".into()]), "{}", ran.err);
}

#[test]
fn while_a_picture_comes_in() {
    for transport in TRANSPORTS {
        let place = Place::build(&["trickle=1000@webwxgetmsgimg"], &[&jpeg(4_000_000, 1)]);
        let id = place.emulator.incoming().remove(0);
        let args = fetch(transport, &["--json", "--out", "x.jpg", &id]);
        let child = place.spawn(&args);
        place.wait_for("webwxgetmsgimg", 1);
        // A part of the picture is on disk by now.
        wait_until(|| place.names().len() == 1);
        signal(&child, "INT");
        let ran = place.wait(child);
        assert_eq!((ran.code, ran.kinds()), (130, vec!["failed".to_owned()]), "{}", ran.err);
        assert_eq!(ran.column("step"), ["download"]);
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn before_a_picture_comes_in() {
    for transport in TRANSPORTS {
        let place = Place::build(&["delay=60000@webwxgetmsgimg"], &[&jpeg(1000, 1)]);
        let id = place.emulator.incoming().remove(0);
        let args = fetch(transport, &["--out", "x.jpg", &id]);
        let child = place.spawn(&args);
        place.wait_for("webwxgetmsgimg", 1);
        signal(&child, "INT");
        let ran = place.wait(child);
        assert_eq!((ran.code, ran.out.as_str()), (130, ""), "{}", ran.err);
        assert!(ran.one_line().starts_with(&format!("wx: {id}: interrupted")), "{}", ran.err);
        assert_eq!(place.names(), [""; 0]);
    }
}

/// What people see when a send of two pictures to three recipients is interrupted.
fn said(transport: &str, fault: &str, endpoint: &str, requests: usize) -> (i32, Vec<String>) {
    let place = Place::with(&[fault]);
    place.file("a.jpg", &jpeg(100, 1));
    place.file("b.jpg", &jpeg(100, 2));
    let (one, two) = (place.emulator.friend(), place.emulator.second_friend());
    let child = place.spawn(&send(transport, &["--to", one, "--to", two, "a.jpg", "b.jpg"]));
    place.wait_for(endpoint, requests);
    signal(&child, "INT");
    let ran = place.wait(child);
    let lines = ran.err.lines().filter(|line| !line.contains("a loopback session"));
    let named = lines.map(|line| line.replace(one, "@one").replace(two, "@two"));
    (ran.code, named.collect())
}

#[test]
fn what_became_of_each_message_is_said() {
    for transport in TRANSPORTS {
        let (code, lines) = said(transport, "delay=60000@webwxsendmsgimg#2", "webwxsendmsgimg", 2);
        let [doubt, rest] = &lines[..] else { panic!("{lines:?}") };
        assert!(code == 4 && doubt.starts_with("wx: a.jpg: to @one: "), "{lines:?}");
        assert!(doubt.contains("may have been delivered"), "{doubt}");
        assert_eq!(rest, "wx: 4 messages were not started");

        let (code, lines) =
            said(transport, "delay=60000@webwxuploadmedia#1", "webwxuploadmedia", 1);
        assert_eq!(code, 130);
        let upload = "wx: a.jpg: to filehelper, @one, @two: interrupted: nothing was sent";
        assert_eq!(lines, [upload, "wx: 3 messages were not started"]);

        let (code, lines) =
            said(transport, "delay=60000@webwxuploadmedia#2", "webwxuploadmedia", 2);
        let upload = "wx: b.jpg: to filehelper, @one, @two: interrupted: nothing was sent";
        assert_eq!((code, &lines[..]), (130, &[upload.to_owned()][..]));
    }
}
