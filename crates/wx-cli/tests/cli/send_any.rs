//! `wx send`: texts and files of any kind.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use wx_emulator::Emulator;

use crate::resume::{killed, resume};
use crate::support::{Place, Ran, TRANSPORTS, gif, jpeg};

/// The beginning of an MP4 video.
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42 and so on";

fn send<'a>(transport: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let to = ["send", "--session", "session.json", "--to", "filehelper", "--transport", transport];
    [&to, more].concat()
}

/// Returns the type and the text or media of each message.
fn messages(place: &Place) -> Vec<(u32, Vec<u8>)> {
    let content = |message: wx_emulator::Message| match message.kind {
        1 => (1, message.text.into_bytes()),
        kind => (kind, message.media.to_vec()),
    };
    place.emulator.messages().into_iter().map(content).collect()
}

#[test]
fn a_text_goes_first_and_then_the_files_in_order_each_as_its_kind() {
    for transport in TRANSPORTS {
        let place = Place::new();
        let (jpeg, gif) = (jpeg(1000, 1), gif());
        place.file("a.jpg", &jpeg);
        place.file("b.gif", &gif);
        place.file("c & d.pdf", b"%PDF-1.7");
        place.file("e.mp4", MP4);
        let files = ["c & d.pdf", "a.jpg", "b.gif", "e.mp4"];
        let text = "好 <b> & \"c\"\nsecond line 😄";
        let ran = place.wx(&send(transport, &[&["--json", "--text", text], &files[..]].concat()));
        assert_eq!(ran.code, 0, "{}", ran.err);
        let pdf = b"%PDF-1.7".to_vec();
        let expected =
            [(1, text.as_bytes().to_vec()), (6, pdf), (3, jpeg), (47, gif), (43, MP4.to_vec())];
        assert_eq!(messages(&place), expected);
        let events = ran.events();
        assert_eq!(ran.column("file")[1..], files);
        assert_eq!(ran.column("kind"), ["text", "file", "image", "emoticon", "video"]);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let sent_at = |event: &Value| event["sent_at"].as_u64().unwrap();
        assert!(events.iter().all(|event| sent_at(event) <= now && sent_at(event) > now - 600));
        assert!(events[0]["file"].is_null() && events[0]["media_id"].is_null());
        assert_eq!(events[0]["msg_id"], place.emulator.messages()[0].msg_id.as_str());
        assert!(ran.err.contains("c & d.pdf: it is not a picture that web WeChat shows as one"));
        let xml = &place.emulator.messages()[1].text;
        assert!(xml.contains("<title>c &amp; d.pdf</title>"), "{xml}");
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

#[test]
fn a_kind_and_a_name_can_be_chosen() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    let ran = place.wx(&send("ureq", &["--as", "file", "--name", "holiday.jpg", "a.jpg"]));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let message = place.emulator.messages().pop().unwrap();
    assert_eq!((message.kind, message.name.as_str()), (6, "holiday.jpg"));
    let ran = place.wx(&send("ureq", &["--as", "emoticon", "a.jpg"]));
    assert_eq!(ran.code, 1);
    assert!(ran.one_line().contains("a jpeg cannot be sent as emoticon"), "{}", ran.err);
    assert_eq!(place.emulator.messages().len(), 1);
    let ran = place.wx(&send("ureq", &["--as", "video", "a.jpg"]));
    assert!(
        ran.one_line().contains("not an mp4 video but a jpeg; send it as image"),
        "{}",
        ran.err
    );
    place.file("a.mov", MP4);
    for (kind, expected) in [(&["--as", "video"][..], 43), (&[], 6)] {
        let ran = place.wx(&send("ureq", &[kind, &["a.mov"]].concat()));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(place.emulator.messages().pop().unwrap().kind, expected);
    }
}

#[test]
fn a_text_is_read_from_standard_input_and_split_on_request() {
    let place = Place::new();
    let line = "x".repeat(1500);
    let long = format!("{line}\n{line}\n");
    let args = send("ureq", &["--text", "-", "--split", "--pace", "0"]);
    let ran = place.wx_with_input(&args, long.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let part = (1, line.into_bytes());
    assert_eq!(messages(&place), [part.clone(), part]);
    let ran = place.wx_with_input(&send("ureq", &["--text", "-"]), long.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(messages(&place)[2].1.len(), long.len() - 1, "nothing is cut unasked");
}

#[test]
fn the_parts_of_a_text_stop_at_the_first_that_fails() {
    let place = Place::with(&["ret=1@webwxsendmsg#1"]);
    let text = format!("{}\n{}", "a".repeat(1500), "b".repeat(1500));
    let args = send("ureq", &["--json", "--text", &text, "--split", "--pace", "0"]);
    let ran = place.wx(&args);
    assert_eq!((ran.code, messages(&place).len()), (1, 0), "{}", ran.err);
    assert_eq!(ran.kinds(), ["failed", "failed"]);
    assert_eq!(ran.column("step"), ["message", "not_started"]);
}

#[test]
fn what_cannot_be_sent_is_one_line_and_no_request() {
    let place = Place::new();
    place.file("empty.txt", b"");
    let refused = |args: &[&str], input: &[u8], expected: &str| {
        let ran: Ran = place.wx_with_input(&send("ureq", args), input);
        assert_ne!(ran.code, 0, "{args:?}");
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
        place.assert_silence();
    };
    refused(&["--text", ""], b"", "--text is empty");
    refused(&["--text", "-"], b"\n", "the text is empty");
    refused(&["--text", "-"], b"\xff", "the text is not UTF-8");
    refused(&["--text", "-", "-"], b"", "standard input (-) can be read only once");
    refused(&["empty.txt"], b"", "empty.txt: the file is empty");
    refused(
        &[],
        b"",
        "required arguments were not provided: <--text <TEXT>|--emoticon <MD5>|FILE>",
    );
    refused(
        &["--as", "voice", "a.mp3"],
        b"",
        "cannot send voice messages; send the sound with --as file",
    );
    refused(&["--as", "file", "--text", "a"], b"", "required");
    refused(&["--name", "n", "a", "b"], b"", "--name is for a single FILE");
    let ran = place.wx_with_input(&send("ureq", &["no.pdf"]), b"");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("no.pdf: "), "{}", ran.err);
    let size = ["--max-size", "3", "--as", "file", "long.txt"];
    fs::write(place.path("long.txt"), "1234").unwrap();
    refused(&size, b"", "the file has 4 bytes, more than the limit of 3");
}

#[test]
fn only_send_image_refuses_what_is_not_a_picture() {
    let place = Place::new();
    place.file("a.pdf", b"%PDF-1.7");
    let ran = place.wx(&crate::support::send("ureq", &["a.pdf"]));
    assert_eq!(ran.code, 1);
    assert!(ran.one_line().contains("not an image in a known format"), "{}", ran.err);
    place.assert_silence();
}

#[test]
fn killed_and_resumed_a_text_and_a_file_are_sent_once() {
    for transport in TRANSPORTS {
        for endpoint in ["webwxsendmsg", "webwxuploadmedia", "webwxsendappmsg"] {
            let place = Place::with(&[&format!("delay=20000@{endpoint}#1")]);
            place.file("a.pdf", b"%PDF-1.7");
            let args = ["--text", "hello", "--resume-dir", "job", "--json", "a.pdf"];
            let _ = killed(&place, &send(transport, &args), endpoint, 1);
            let ran = resume(&place, transport, &[]);
            assert_eq!(ran.code, 0, "{endpoint}: {}", ran.err);
            let expected = [(1, b"hello".to_vec()), (6, b"%PDF-1.7".to_vec())];
            assert_eq!(messages(&place), expected, "{endpoint}");
            assert!(!place.path("job/outbox.jsonl").exists());
        }
    }
}

/// The server decides whether a login without the cookie is good enough for a text.
#[test]
fn only_files_need_the_cookie_for_uploads() {
    let place = Place::new();
    place.file("a.pdf", b"%PDF-1.7");
    place.session(|session| {
        let cookies = session["cookies"].as_array_mut().unwrap();
        cookies.retain(|cookie| cookie["name"] != "webwx_data_ticket");
    });
    assert_eq!(place.wx(&send("ureq", &["a.pdf"])).code, 3);
    place.assert_silence();
    place.wx(&send("ureq", &["--text", "hello"]));
    place.wait_for("webwxsendmsg", 1);
}

#[test]
fn resumed_parts_of_a_text_keep_their_order_for_each_recipient() {
    let faults = ["ret=1@webwxsendmsg#2", "delay=20000@webwxsendmsg#3"];
    let builder = Emulator::builder().contact("Anna", "").contact("Bert", "");
    let place = Place::with_emulator(
        faults.iter().fold(builder, |builder, fault| builder.fault(fault.parse().unwrap())),
    );
    let text = format!("{}\n{}", "a".repeat(1500), "b".repeat(1500));
    let args = ["send", "--session", "session.json", "--to", "name:Anna", "--to", "name:Bert"];
    let more = ["--text", &text, "--split", "--pace", "0", "--resume-dir", "job", "--json"];
    // Anna's second part is in doubt, and Bert has none.
    let _ = killed(&place, &[&args[..], &more].concat(), "webwxsendmsg", 3);
    let ran = resume(&place, "ureq", &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let messages = place.emulator.messages();
    let sent: Vec<_> = messages.iter().map(|message| (&message.to, &message.text[..1])).collect();
    let (anna, bert) = (sent[0].0, sent[2].0);
    assert_eq!(sent, [(anna, "a"), (anna, "b"), (bert, "a"), (bert, "b")]);
    assert_ne!(anna, bert);
}

#[test]
fn events_name_the_kind_and_the_recipient_whatever_becomes_of_the_message() {
    let fault = "ret=1205@webwxuploadmedia#1".parse().unwrap();
    let place = Place::with_emulator(Emulator::builder().contact("Anna", "").fault(fault));
    place.file("a.jpg", &jpeg(100, 1));
    place.file("b.gif", &gif());
    place.file("c.pdf", b"%PDF-1.7");
    let args = ["send", "--session", "session.json", "--to", "name:Anna", "--text", "hi", "--json"];
    let files = ["a.jpg", "b.gif", "c.pdf", "none.pdf"];
    let ran = place.wx(&[&args[..], &files].concat());
    assert_eq!(ran.kinds(), ["sent", "failed", "failed", "failed", "failed"], "{}", ran.err);
    assert_eq!(ran.column("kind"), ["text", "image", "emoticon", "file", "null"]);
    assert_eq!(ran.column("to_name"), ["Anna"; 5]);
    assert_eq!(ran.column("to"), [place.emulator.contact("Anna").unwrap(); 5]);
    // An MP4 is a video only if its name says so.
    place.file("d.m4v", MP4);
    place.emulator.add_fault("ret=1205@webwxuploadmedia#2".parse().unwrap());
    let ran = place.wx(&send("ureq", &["--json", "d.m4v"]));
    assert_eq!((ran.kinds(), ran.column("kind")), (vec!["failed".into()], vec!["file".into()]));
    // The kind of what can be read only once is known after the upload.
    place.emulator.add_fault("ret=1@webwxsendmsgimg".parse().unwrap());
    let ran = place.wx_with_input(&send("ureq", &["--json", "-"]), &jpeg(100, 1));
    assert_eq!((ran.kinds(), ran.column("kind")), (vec!["failed".into()], vec!["image".into()]));
    // `--as-file` is `--as file`, and both are options of `send-image`.
    for more in [["--as-file", "--json"], ["--as=file", "--json"]] {
        let ran = place.wx(&crate::support::send("ureq", &[&more[..], &["a.jpg"]].concat()));
        assert_eq!((ran.code, ran.column("kind")), (0, vec!["file".to_owned()]), "{}", ran.err);
    }
}
