//! `wx send-image`.

use std::fs;

use serde_json::Value;

use crate::support::{CHUNK, Place, TRANSPORTS, gif, jpeg, png, send};

#[test]
fn a_picture_in_chunks_by_either_transport() {
    for transport in TRANSPORTS {
        let place = Place::new();
        let picture = jpeg(2 * CHUNK + 1, 1);
        place.file("holiday.jpg", &picture);
        let before = fs::read(place.path("session.json")).unwrap();
        let to = place.emulator.friend().to_owned();
        let args = ["send-image", "--session", "session.json", "--to", &to, "--json"];
        let ran = place.wx(&[&args[..], &["--transport", transport, "holiday.jpg"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            ran.err.contains("session.json: a loopback session") && ran.err.lines().count() == 1,
            "{}",
            ran.err
        );
        let [event] = &ran.events()[..] else { panic!("{}", ran.out) };
        let [message] = &place.emulator.messages()[..] else { panic!() };
        assert_eq!(message.media, picture);
        assert_eq!(message.kind, 3);
        assert_eq!(event["event"], "sent");
        assert_eq!(event["file"], "holiday.jpg");
        assert_eq!(event["to"], to.as_str());
        assert_eq!(event["msg_id"], message.msg_id.as_str());
        assert_eq!(event["local_id"], message.client_msg_id.as_str());
        assert_eq!(event["media_id"], message.media_id.as_str());
        assert_eq!(event["bytes"], picture.len());
        assert_eq!(event["md5"], message.md5.as_str());
        assert_eq!(event["chunks"], 3);
        assert_eq!(place.emulator.violations(), [""; 0]);
        let mut after: Value =
            serde_json::from_slice(&fs::read(place.path("session.json")).unwrap()).unwrap();
        let sent = after.as_object_mut().unwrap().remove("recent_messages").unwrap();
        assert_eq!(sent, serde_json::json!([message.msg_id]), "its copy is not a new message");
        assert_eq!(
            after,
            serde_json::from_slice::<Value>(&before).unwrap(),
            "nothing else changes"
        );
    }
}

#[test]
fn results_are_lines_on_standard_output() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    let ran = place.wx(&send("ureq", &["a.jpg"]));
    assert_eq!(ran.code, 0);
    let message = place.emulator.messages().pop().unwrap();
    assert_eq!(ran.out.lines().count(), 1);
    assert!(
        ran.out.starts_with(&format!("sent a.jpg to filehelper: MsgID {}, ", message.msg_id)),
        "{}",
        ran.out
    );
    assert!(ran.out.contains(&message.md5) && ran.out.ends_with("1 chunk\n"), "{}", ran.out);
}

#[test]
fn one_upload_serves_all_recipients() {
    for transport in TRANSPORTS {
        let place = Place::new();
        place.file("a.jpg", &jpeg(100, 1));
        place.file("b.gif", &gif());
        let (one, two) =
            (place.emulator.friend().to_owned(), place.emulator.second_friend().to_owned());
        let args =
            ["--session", "session.json", "--json", "--to", &one, "--to", &two, "a.jpg", "b.gif"];
        let ran = place.wx(&[&["send-image", "--transport", transport], &args[..]].concat());
        assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned(); 4]), "{}", ran.err);
        assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 2);
        let messages: Vec<_> =
            place.emulator.messages().iter().map(|m| (m.to.clone(), m.kind)).collect();
        let expected = [(one.clone(), 3), (two.clone(), 3), (one, 47), (two, 47)];
        assert_eq!(messages, expected);
        assert_eq!(ran.column("file"), ["a.jpg", "a.jpg", "b.gif", "b.gif"]);
    }
}

#[test]
fn the_bytes_decide_whatever_the_name_says() {
    let place = Place::new();
    place.file("photo.png", &jpeg(100, 1));
    place.file("photo", &png());
    let ran = place.wx(&send("ureq", &["photo.png", "photo"]));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let requests = place.emulator.requests();
    let value = |at: usize, name: &str| requests[at].part(name).unwrap().value.clone().unwrap();
    let uploads: Vec<usize> =
        (0..requests.len()).filter(|at| requests[*at].endpoint == "webwxuploadmedia").collect();
    assert_eq!(
        (value(uploads[0], "type"), value(uploads[0], "name")),
        ("image/jpeg".into(), "photo.png".into())
    );
    assert_eq!(
        (value(uploads[1], "type"), value(uploads[1], "name")),
        ("image/png".into(), "photo.".into())
    );
}

#[test]
fn standard_input_is_a_picture_too() {
    for transport in TRANSPORTS {
        // More than is kept in memory.
        for picture in [jpeg(1000, 2), jpeg(5 * 1024 * 1024, 2)] {
            let place = Place::new();
            let args = send(transport, &["--json", "-"]);
            let ran = place.wx_with_input(&args, &picture);
            assert_eq!((ran.code, ran.column("file")), (0, vec!["-".to_owned()]), "{}", ran.err);
            assert_eq!(place.emulator.messages()[0].media, picture);
        }
    }
}

#[test]
fn a_pause_between_pictures() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    place.file("b.jpg", &jpeg(100, 2));
    place.file("c.jpg", &jpeg(100, 3));
    let begun = std::time::Instant::now();
    let ran = place.wx(&send("ureq", &["--pace", "0.4", "a.jpg", "b.jpg", "c.jpg"]));
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(800));
}

/// Runs `wx send-image --json` once with three small pictures.
fn three(place: &Place, transport: &str) -> crate::support::Ran {
    for (at, name) in ["a.jpg", "b.jpg", "c.jpg"].into_iter().enumerate() {
        place.file(name, &jpeg(100, at as u8));
    }
    let fixed = ["--json", "-v", "--retry-wait", "0", "a.jpg", "b.jpg", "c.jpg"];
    place.wx(&send(transport, &fixed))
}

#[test]
fn ordinary_failures_do_not_stop_a_batch() {
    let place = Place::with(&["ret=1@webwxuploadmedia#1", "ret=1204@webwxsendmsgimg#2"]);
    let ran = three(&place, "ureq");
    assert_eq!((ran.code, ran.kinds()), (1, vec!["failed".into(), "sent".into(), "failed".into()]));
    assert_eq!(ran.column("step"), ["upload", "null", "message"]);
    assert_eq!(ran.column("ret"), ["1", "null", "1204"]);
    assert_eq!(ran.column("advice")[2], "check_recipient");
    let last = &ran.events()[2];
    assert!(
        last["media_id"].as_str().unwrap().starts_with("@crypt_"),
        "what was won is told: {last}"
    );
    assert!(last["local_id"].is_string(), "{last}");
    assert!(ran.err.contains("wx: a.jpg: ") && ran.err.contains("wx: c.jpg: "), "{}", ran.err);
}

#[test]
fn too_frequent_stops_a_batch() {
    for (fault, step) in [
        ("ret=1205@webwxuploadmedia#2", "upload"),
        ("foreign-media-id@webwxuploadmedia#2", "upload"),
        ("ret=1205@webwxsendmsgimg#2", "message"),
    ] {
        let place = Place::with(&[fault]);
        let ran = three(&place, "ureq");
        assert_eq!(
            (ran.code, ran.kinds()),
            (1, vec!["sent".into(), "failed".into(), "failed".into()]),
            "{fault}"
        );
        assert_eq!(ran.column("step")[1..], [step, "not_started"]);
        assert_eq!(ran.column("advice")[1..], ["wait", "null"]);
        assert_eq!(ran.column("ret")[1..], ["1205", "null"]);
        assert_eq!(place.emulator.messages().len(), 1);
        assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 2);
        assert!(ran.err.contains("wx: b.jpg: ") && ran.err.contains("wait"), "{}", ran.err);
    }
}

#[test]
fn a_login_that_is_over_stops_a_batch() {
    for code in ["1100", "1101", "1102", "-14"] {
        let place = Place::with(&[&format!("ret={code}@webwxsendmsgimg")]);
        let ran = three(&place, "ureq");
        assert_eq!(
            (ran.code, ran.column("step")),
            (3, vec!["message".into(), "not_started".into(), "not_started".into()])
        );
        assert_eq!(ran.column("ret")[0], code);
        assert_eq!(ran.column("advice")[0], "login_again");
    }
}

#[test]
fn an_unknown_outcome_stops_a_batch() {
    for transport in TRANSPORTS {
        let place = Place::with(&[
            "ret=1@webwxuploadmedia#1",
            "close@webwxuploadmedia",
            "drop=after@webwxsendmsgimg",
        ]);
        let ran = three(&place, transport);
        assert_eq!(
            (ran.code, ran.kinds()),
            (4, vec!["failed".into(), "unknown".into(), "failed".into()])
        );
        let event = &ran.events()[1];
        assert_eq!(event["step"], "message");
        assert_eq!(event["advice"], "look_at_phone");
        let [message] = &place.emulator.messages()[..] else { panic!("sent more than once") };
        assert_eq!(event["local_id"], message.client_msg_id.as_str());
        assert_eq!(event["media_id"], message.media_id.as_str());
        assert_eq!(ran.column("step")[2], "not_started");
        let requests = place.emulator.requests();
        let tries = requests.iter().filter(|request| request.endpoint == "webwxsendmsgimg");
        let ids: Vec<serde_json::Value> =
            tries.map(|it| serde_json::from_slice(it.body.as_ref().unwrap()).unwrap()).collect();
        assert_eq!(ids.len(), 4);
        assert!(ids.iter().all(|it| it["Msg"]["ClientMsgId"] == event["local_id"]), "no second id");
    }
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    for transport in TRANSPORTS {
        let place = Place::with(&["close@webwxuploadmedia", "drop=after@webwxsendmsgimg#1"]);
        let ran = three(&place, transport);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned(); 3]), "{}", ran.err);
        assert_eq!(place.emulator.messages().len(), 3);
        assert_eq!(place.emulator.requests_to("webwxsendmsgimg"), 4);
        assert!(ran.err.contains("wx: a.jpg: sending the message, attempt 2"), "{}", ran.err);
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

#[test]
fn an_upload_that_failed_is_reported_for_every_recipient() {
    let place = Place::with(&["ret=1@webwxuploadmedia"]);
    place.file("a.jpg", &jpeg(100, 1));
    let ran = place.wx(&send("ureq", &["--json", "--to", "@a", "a.jpg"]));
    assert_eq!((ran.code, ran.column("to")), (1, vec!["filehelper".into(), "@a".into()]));
    assert_eq!(ran.column("step"), ["upload", "upload"]);
    ran.one_line();
}

#[test]
fn a_stall_is_given_up_as_asked_for() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=30000@webwxsendmsgimg"]);
        place.file("a.jpg", &jpeg(100, 1));
        let ran =
            place.wx(&send(transport, &["--timeout", "0.1", "--retry-wait", "0.01", "a.jpg"]));
        assert_eq!(ran.code, 4, "{}", ran.err);
        assert_eq!(place.emulator.messages().len(), 1);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn lost_output_is_not_a_success() {
    use std::fs::OpenOptions;
    use std::process::{Command, Stdio};

    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_wx"))
        .args(["demo", "--json"])
        .stdout(Stdio::from(full))
        .output()
        .unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(5), "{said}");
    assert!(said.contains("standard output could not be written"), "{said}");
}

#[test]
fn a_rate_limit_is_remembered_beside_the_session() {
    for transport in TRANSPORTS {
        let place = Place::with(&["ret=1205@webwxuploadmedia#1"]);
        place.file("a.jpg", &jpeg(100, 1));
        let ran = place.wx(&send(transport, &["a.jpg"]));
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert_eq!(place.names(), ["a.jpg", "session.json.limited"]);
        place.assert_no_secret_in("session.json.limited");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let about = std::fs::metadata(place.path("session.json.limited")).unwrap();
            assert_eq!(about.permissions().mode() & 0o777, 0o600);
        }
        for args in [
            send(transport, &["--json", "a.jpg"]),
            vec!["contacts", "--session", "session.json", "--json"],
        ] {
            let ran = place.wx(&args);
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert!(ran.err.contains("(Ret 1205) less than a minute ago"), "{}", ran.err);
            ran.events();
        }
        // If the rate limit cannot be recorded, the command succeeds all the same.
        std::fs::remove_file(place.path("session.json.limited")).unwrap();
        std::fs::create_dir(place.path("session.json.limited")).unwrap();
        let ran = place.wx(&send(transport, &["a.jpg"]));
        assert_eq!((ran.code, ran.err.contains("1205")), (0, false), "{}", ran.err);
    }
}

#[test]
fn ten_pictures_go_without_a_pause_and_any_number_if_that_is_asked_for() {
    let place = Place::new();
    let names: Vec<_> = (0..11).map(|number| format!("{number}.jpg")).collect();
    for name in &names {
        place.file(name, &jpeg(100, 1));
    }
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let child = place.spawn(&send("ureq", &[&["--json"], &names[..]].concat()));
    place.wait_for("webwxsendmsgimg", 10);
    // The reply to the last message is still awaited.
    crate::support::signal(&child, "INT");
    let ran = place.wait(child);
    assert_eq!((ran.code, ran.kinds().pop().as_deref()), (130, Some("failed")), "{}", ran.err);
    assert_eq!(place.emulator.messages().len(), 10);
    let ran = place.wx(&send("ureq", &[&["--pace", "0"], &names[..]].concat()));
    assert_eq!((ran.code, ran.out.lines().count()), (0, 11), "{}", ran.err);
}
