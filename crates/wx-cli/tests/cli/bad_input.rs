//! Bad input: one clear line, the right exit code, no request, and no leftover files.

use std::fs;

use serde_json::{Value, json};

use crate::support::{CHUNK, Place, Ran, TRANSPORTS, fetch, jpeg, png, send, wait_until};

/// Sends, and checks what applies to all input that is refused locally.
fn refused(place: &Place, args: &[&str], code: i32, words: &[&str]) -> Ran {
    let before = place.names();
    let mut first = None;
    for transport in TRANSPORTS {
        for json in [&[][..], &["--json"]] {
            let ran = place.wx(&send(transport, &[json, args].concat()));
            assert_eq!(ran.code, code, "{}", ran.err);
            let line = ran.one_line();
            for word in words {
                assert!(line.contains(word), "{word:?} is not in {line:?}");
            }
            if json.is_empty() {
                assert_eq!(ran.out, "");
            } else {
                assert_eq!(ran.kinds(), ["failed"]);
            }
            assert!(!ran.err.contains("a loopback session"), "nothing went there");
            first.get_or_insert(ran);
        }
    }
    place.assert_silence();
    assert_eq!(place.names(), before);
    first.unwrap()
}

#[test]
fn files_that_are_no_pictures() {
    let place = Place::new();
    fs::create_dir(place.path("dir.jpg")).unwrap();
    place.file("empty.jpg", b"");
    place.file("text.jpg", b"just some text, whatever its name says");
    place.file("\u{1b}[31mred.jpg", b"text");
    place.file("photo.webp", b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0");
    place.file("photo.jpg", b"\0\0\0\x18ftypheic\0\0\0\0heic");
    refused(&place, &["none.jpg"], 1, &["wx: none.jpg: ", "o such file"]);
    refused(&place, &["dir.jpg"], 1, &["wx: dir.jpg: ", "is a directory"]);
    refused(&place, &["empty.jpg"], 1, &["wx: empty.jpg: ", "is empty"]);
    refused(&place, &["text.jpg"], 1, &["wx: text.jpg: ", "not an image"]);
    refused(
        &place,
        &["\u{1b}[31mred.jpg"],
        1,
        &["wx: \\u{1b}[31mred.jpg: the file is not an image"],
    );
    refused(&place, &["photo.webp"], 1, &["wx: photo.webp: ", "webp", "convert it"]);
    refused(&place, &["photo.jpg"], 1, &["wx: photo.jpg: ", "heif", "convert it"]);
    refused(&place, &[&"图".repeat(200)], 1, &["wx: 图图", "name too long"]);
    refused(&place, &["-"], 1, &["wx: -: ", "is empty"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    let path = place.file("secret.jpg", &jpeg(100, 1));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&path).is_ok() {
        eprintln!("skipped: this is root, who may read all");
        return;
    }
    refused(&place, &["secret.jpg"], 1, &["wx: secret.jpg: ", "ermission"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_fails_when_it_is_read() {
    // Not even root can read this file to its end, and address 0 is never mapped.
    refused(&Place::new(), &["/proc/self/mem"], 1, &["wx: /proc/self/mem: ", "; check the file"]);
}

#[test]
fn pictures_over_the_limit() {
    let place = Place::new();
    let picture = jpeg(20_000, 1);
    place.file("big.jpg", &picture);
    refused(
        &place,
        &["--max-size", "19999", "big.jpg"],
        1,
        &["wx: big.jpg: ", "20000 bytes", "19999", "raise the limit"],
    );
    let huge = fs::File::create(place.path("huge.jpg")).unwrap();
    fs::write(place.path("huge.jpg"), &picture).unwrap();
    huge.set_len(20 * 1024 * 1024 + 1).unwrap();
    refused(&place, &["huge.jpg"], 1, &["wx: huge.jpg: ", "20971521 bytes", "20971520"]);
    let ran = place.wx_with_input(&send("ureq", &["--max-size", "19999", "-"]), &picture);
    assert_eq!(ran.code, 1);
    assert!(ran.one_line().contains("19999 bytes"), "{}", ran.err);
    place.assert_silence();
    assert_eq!(place.wx(&send("ureq", &["--max-size", "20000", "big.jpg"])).code, 0);
}

#[cfg(unix)]
#[test]
fn file_names_of_all_kinds() {
    let names = [
        "a\"b'c;d.jpg",
        "new\r\nline.jpg",
        "red\u{202e}gpj.jpg",
        "😀%22.jpg",
        &("图".repeat(80) + ".jpg"),
    ];
    for transport in TRANSPORTS {
        let place = Place::new();
        for name in names {
            place.file(name, &jpeg(CHUNK + 1, 1));
            let ran = place.wx(&send(transport, &[name]));
            assert_eq!((ran.code, ran.out.lines().count()), (0, 1), "{name}: {}", ran.err);
            assert!(!ran.out.contains(['\r', '\u{202e}']), "{name}");
        }
        for request in place
            .emulator
            .requests()
            .iter()
            .filter(|request| request.endpoint == "webwxuploadmedia")
        {
            assert_eq!(request.parts.len(), 12, "nothing was injected");
            for part in &request.parts {
                assert!(!part.head.contains("filename*"), "{}", part.head);
            }
        }
        assert_eq!(place.emulator.messages().len(), names.len());
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

/// Starts to send three chunks, changes the file after the first one, and waits for the end.
fn change_while_sending(transport: &str, change: impl FnOnce(&Place)) -> (Place, Ran) {
    let place = Place::with(&["delay=400@webwxuploadmedia#1"]);
    place.file("a.jpg", &jpeg(2 * CHUNK + 10, 1));
    let args = send(transport, &["--json", "a.jpg"]);
    let child = place.spawn(&args);
    place.wait_for("webwxuploadmedia", 1);
    change(&place);
    let ran = place.wait(child);
    assert_eq!((ran.code, ran.kinds()), (1, vec!["failed".to_owned()]), "{}", ran.err);
    assert_eq!(ran.column("advice"), ["check_file"]);
    assert_eq!(place.emulator.requests_to("webwxsendmsgimg"), 0);
    (place, ran)
}

#[test]
fn a_file_that_shrinks_while_it_is_sent() {
    for transport in TRANSPORTS {
        let (_, ran) = change_while_sending(transport, |place| {
            fs::File::options()
                .write(true)
                .open(place.path("a.jpg"))
                .unwrap()
                .set_len(1000)
                .unwrap();
        });
        assert!(ran.one_line().contains("shorter while it was being sent"), "{}", ran.err);
    }
}

#[test]
fn a_file_that_changes_while_it_is_sent() {
    for transport in TRANSPORTS {
        let (_, ran) = change_while_sending(transport, |place| {
            use std::io::{Seek, SeekFrom, Write};
            let mut file = fs::File::options().write(true).open(place.path("a.jpg")).unwrap();
            file.seek(SeekFrom::Start(2 * CHUNK as u64)).unwrap();
            file.write_all(b"changed").unwrap();
        });
        assert!(ran.one_line().contains("changed while it was being sent"), "{}", ran.err);
    }
}

#[test]
fn session_files_that_cannot_be_used() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    let case = |change: fn(&mut Value), code, words: &[&str]| {
        place.session(change);
        let words = [&["wx: session.json: "], words].concat();
        let ran = refused(&place, &["a.jpg"], code, &words);
        let fetch = fetch("ureq", &["--json", "--out", "x.jpg", "1"]);
        // Fetching needs no ticket.
        if !words.contains(&"webwx_data_ticket") {
            let fetched = place.wx(&fetch);
            assert_eq!((fetched.code, fetched.kinds()), (code, vec!["failed".to_owned()]));
            assert_eq!(fetched.column("step"), ["not_started"]);
            assert_eq!(fetched.one_line(), ran.one_line());
        }
    };
    case(|session| session["version"] = json!(2), 1, &["version 2"]);
    case(|session| drop(session.as_object_mut().unwrap().remove("version")), 1, &["no version"]);
    case(|session| *session = json!([]), 1, &["not a JSON object"]);
    case(
        |session| session["base"] = json!("https://wx.qq.com.evil.example"),
        1,
        &["\"base\"", "the host does not belong to web WeChat"],
    );
    case(
        |session| session["base"] = json!("http://wx.qq.com"),
        1,
        &["\"base\" is not accepted: plain http is not allowed"],
    );
    case(
        |session| session["base"] = json!("http://localhost:80"),
        1,
        &["\"base\" is not accepted: plain http is not allowed"],
    );
    case(|session| drop(session.as_object_mut().unwrap().remove("uin")), 1, &["uin"]);
    case(|session| session["skey"] = json!(""), 3, &["skey", "log in again"]);
    case(|session| session["sid"] = json!(""), 3, &["sid", "log in again"]);
    let no_ticket = |session: &mut Value| {
        session["cookies"]
            .as_array_mut()
            .unwrap()
            .retain(|cookie| cookie["name"] != "webwx_data_ticket");
    };
    case(no_ticket, 3, &["webwx_data_ticket", "log in again"]);
    place.file("session.json", b"{\"version\": 1,");
    refused(
        &place,
        &["a.jpg"],
        1,
        &["wx: session.json: ", "not a JSON object", "check the session file"],
    );
    fs::remove_file(place.path("session.json")).unwrap();
    refused(
        &place,
        &["a.jpg"],
        3,
        &["wx: session.json: there is no such file; ", "run `wx login`"],
    );
    place.file("session.json", b"");
    refused(&place, &["a.jpg"], 3, &["wx: session.json: nobody is logged in; run `wx login`"]);
    fs::remove_file(place.path("session.json")).unwrap();
    fs::create_dir(place.path("session.json")).unwrap();
    refused(&place, &["a.jpg"], 1, &["wx: session.json: ", "directory"]);
}

#[test]
fn session_values_that_would_reach_into_a_header() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    let case = |change: fn(&mut Value), key: &str| {
        place.session(change);
        refused(&place, &["a.jpg"], 1, &["wx: session.json: ", key, "not valid"]);
    };
    case(|session| session["cookies"][0]["value"] = json!("a\nb"), "\"cookies\"");
    case(|session| session["cookies"][0]["name"] = json!("a;b"), "\"cookies\"");
    case(|session| session["lang"] = json!("zh\nCN"), "\"lang\"");
}

#[test]
fn a_text_that_begins_like_a_bitmap() {
    let place = Place::new();
    place.file("car.jpg", b"BMW is a maker of cars, and this is a text about them.");
    refused(&place, &["car.jpg"], 1, &["wx: car.jpg: ", "not an image"]);
}

#[test]
fn without_a_session_everything_is_told_once() {
    let place = Place::new();
    let args = [
        "send-image",
        "--session",
        "none.json",
        "--json",
        "--to",
        "filehelper",
        "--to",
        "@a",
        "a.jpg",
        "b.jpg",
    ];
    let ran = place.wx(&args);
    assert_eq!((ran.code, ran.column("step")), (3, vec!["not_started".to_owned(); 4]));
    assert_eq!(ran.column("advice"), ["login_again"; 4]);
    assert!(
        ran.column("message").iter().all(|message| message.starts_with("none.json: ")),
        "{}",
        ran.out
    );
    assert_eq!(ran.column("file"), ["a.jpg", "a.jpg", "b.jpg", "b.jpg"]);
    assert_eq!(ran.column("to"), ["filehelper", "@a", "filehelper", "@a"]);
    ran.one_line();
}

#[test]
fn arguments_that_make_no_sense() {
    let place = Place::new();
    place.file("a.jpg", &png());
    for more in [
        &["--to", "filehelper", "a.jpg"][..],
        &["--to", "a b", "a.jpg"],
        &["-", "-"],
        &["--resume-dir", "job", "-"],
        &["--pace", "-1", "a.jpg"],
        &[],
        &["--timeout", "0", "a.jpg"],
        &["--timeout", "soon", "a.jpg"],
        &["--retry-wait", "-1", "a.jpg"],
        &["--max-size", "20 potatoes", "a.jpg"],
        &["--transport", "curl", "a.jpg"],
        &["--nonsense", "a.jpg"],
    ] {
        let ran = place.wx(&send("ureq", more));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{more:?}");
        ran.one_line();
    }
    let ran = place.wx(&send("ureq", &["--as-file", "--as", "image", "a.jpg"]));
    assert_eq!(ran.code, 2);
    assert!(ran.one_line().contains("--as-file"), "{}", ran.err);
    place.assert_silence();
}

#[test]
fn nobody_listening_is_not_a_panic() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    let mut command = place.command(&send("ureq", &["a.jpg"]));
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    drop(child.stderr.take());
    // Too early, or too late to report the message.
    let code = child.wait().unwrap().code();
    let sent = match code {
        Some(1) => 0,
        Some(5) => 1,
        _ => panic!("{code:?}"),
    };
    wait_until(|| place.emulator.messages().len() == sent);
}
