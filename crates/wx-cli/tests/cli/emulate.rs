//! `wx emulate`, and other commands against it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::Child;

use serde_json::Value;

use crate::support::{CHUNK, Place, TRANSPORTS, fetch, jpeg, send, signal, wait_until};

/// Starts a server in a process of its own, and waits until its port is known.
pub(crate) fn serve(place: &Place, more: &[&str]) -> (Child, u16) {
    let args = ["emulate", "--port-file", "port", "--session-file", "other.json"];
    let child = place.spawn(&[&args, more].concat());
    wait_until(|| place.path("port").exists());
    let port = fs::read_to_string(place.path("port")).unwrap();
    (child, port.strip_suffix('\n').unwrap().parse().unwrap())
}

/// Runs `watch` with the session of the server, and returns its first messages.
fn watched(place: &Place, transport: &str, messages: usize) -> Vec<Value> {
    let args = ["watch", "--session", "other.json", "--json", "--transport", transport];
    let printed = fs::File::create(place.path("printed")).unwrap();
    let child = place.command(&args).stdout(printed).spawn().unwrap();
    let lines = || fs::read_to_string(place.path("printed")).unwrap();
    wait_until(|| lines().matches('\n').count() >= messages);
    signal(&child, "TERM");
    assert_eq!(place.wait(child).code, 143);
    lines().lines().take(messages).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn texts_pictures_and_files_arrive_from_each_contact_and_in_each_room_in_turn() {
    for transport in TRANSPORTS {
        let place = Place::new();
        place.file("a.jpg", &jpeg(3000, 1));
        place.file("b & c.txt", b"a text");
        let people = ["--contact", "Anna", "--contact", "Bert", "--room", "Club"];
        let messages =
            ["--file", "b & c.txt", "--image", "a.jpg", "--text", "1 <b> &amp;\n2", "--text", "-x"];
        let (server, _) = serve(&place, &[&people[..], &messages].concat());
        let got = watched(&place, transport, 4);
        let column = |key: &str| got.iter().map(|one| one[key].clone()).collect::<Vec<_>>();
        assert_eq!(column("kind"), ["text", "text", "image", "file"]);
        assert_eq!(
            (&got[0]["content"], &got[1]["content"]),
            (&"1 <b> &amp;\n2".into(), &"-x".into())
        );
        assert_eq!(got[3]["file_name"], "b & c.txt");

        let about = ["contacts", "--session", "other.json", "--json", "--transport", transport];
        let contacts = place.wx(&about).events();
        let user_name = |nick: &str| {
            let contact = contacts.iter().find(|contact| contact["nick_name"] == nick).unwrap();
            contact["user_name"].clone()
        };
        let (anna, bert, club) = (user_name("Anna"), user_name("Bert"), user_name("Club"));
        assert_eq!(column("from"), [anna.clone(), bert, club, anna.clone()]);
        assert_eq!(column("sender"), [Value::Null, Value::Null, anna, Value::Null]);
        let members = place.wx(&[&about[..], &["--members", "name:Club"]].concat());
        assert_eq!(members.column("name"), ["Emulated", "Anna", "Bert"]);

        place.file("line.json", got[3].to_string().as_bytes());
        let fetch = ["fetch", "--session", "other.json", "--message", "line.json", "--out", "copy"];
        assert_eq!(place.wx(&fetch).code, 0);
        assert_eq!(fs::read(place.path("copy")).unwrap(), b"a text");
        signal(&server, "TERM");
        let out = String::from_utf8(server.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(out.lines().filter(|line| line.starts_with("incoming ")).count(), 4, "{out}");
    }
}

#[test]
fn what_a_client_sends_is_shown_without_its_text_and_bytes() {
    let secret = "a secret \u{1b}[31m text";
    for (transport, json) in TRANSPORTS.into_iter().zip([true, false]) {
        let place = Place::new();
        place.file("a.jpg", &jpeg(20_000, 1));
        place.file("b.pdf", b"%PDF-1.7");
        let shown = if json { &["--json"][..] } else { &[] };
        let (server, _) = serve(&place, &[shown, &["--contact", "Anna"]].concat());
        fs::copy(place.path("other.json"), place.path("session.json")).unwrap();
        let about = ["--session", "session.json", "--transport", transport, "--json"];
        let to = ["--to", "name:Anna", "--text", secret, "a.jpg", "b.pdf"];
        let sent = place.wx(&[&["send"], &about[..], &to].concat());
        let ids = sent.column("msg_id");
        assert_eq!((sent.code, ids.len()), (0, 3), "{}", sent.err);
        let revoke = ["--to", "name:Anna", &ids[1]];
        assert_eq!(place.wx(&[&["revoke"], &about[..], &revoke].concat()).code, 0);
        signal(&server, "TERM");
        let out = String::from_utf8(server.wait_with_output().unwrap().stdout).unwrap();
        assert!(!out.contains("secret") && !out.contains('\u{1b}'), "{out}");
        let lines: Vec<_> = out.lines().filter(|line| line.contains("Anna")).collect();
        let expected = [
            ("received", "text", None, secret.len()),
            ("received", "image", Some("a.jpg"), 20_000),
            ("received", "file", Some("b.pdf"), 8),
            ("revoked", "image", Some("a.jpg"), 20_000),
        ];
        let ids = [&ids[0], &ids[1], &ids[2], &ids[1]];
        assert_eq!(lines.len(), expected.len(), "{out}");
        for ((line, (event, kind, name, bytes)), id) in lines.iter().zip(expected).zip(ids) {
            if json {
                let all = serde_json::json!({
                    "event": event, "kind": kind, "msg_id": id, "to_name": "Anna",
                    "file_name": name, "bytes": bytes,
                });
                assert_eq!(serde_json::from_str::<Value>(line).unwrap(), all);
            } else {
                let name = name.map(|name| format!(" {name}")).unwrap_or_default();
                let words = format!("{event} {kind}{name} to Anna: MsgID {id}, {bytes} bytes");
                assert_eq!(**line, words);
            }
        }
    }
}

#[test]
fn three_processes() {
    for transport in TRANSPORTS {
        let place = Place::new();
        let picture = jpeg(700_000, 1);
        place.file("a.jpg", &picture);
        let (server, port) = serve(&place, &["--image", "a.jpg"]);
        let mode = fs::metadata(place.path("other.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(place.names(), ["a.jpg", "other.json", "port"]);

        fs::rename(place.path("other.json"), place.path("session.json")).unwrap();
        let sent = place.wx(&send(transport, &["--json", "a.jpg"]));
        assert_eq!(sent.code, 0, "{}", sent.err);
        let id = sent.column("msg_id").remove(0);
        let fetched = place.wx(&fetch(transport, &["--json", "--out", "back.jpg", &id]));
        assert_eq!(fetched.code, 0, "{}", fetched.err);
        assert_eq!(fetched.column("md5"), sent.column("md5"));
        assert_eq!(fs::read(place.path("back.jpg")).unwrap(), picture);

        signal(&server, "TERM");
        let ran = server.wait_with_output().unwrap();
        let out = String::from_utf8(ran.stdout).unwrap();
        assert_eq!(ran.status.code(), Some(0));
        assert_eq!(
            out.lines().next(),
            Some(format!("listening on http://127.0.0.1:{port}").as_str())
        );
        let incoming = out.lines().find_map(|line| line.strip_prefix("incoming ")).unwrap();
        assert!(incoming.bytes().all(|byte| byte.is_ascii_digit()), "{out}");
        place.assert_silence();
    }
}

#[test]
fn faults_and_ctrl_c() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    let (server, _) = serve(
        &place,
        &[
            "--fault",
            "ret=1205@webwxuploadmedia#1",
            "--fault",
            "ret=1101@webwxsendmsgimg",
            "--json",
        ],
    );
    fs::rename(place.path("other.json"), place.path("session.json")).unwrap();
    for code in [1, 3] {
        let ran = place.wx(&send("ureq", &["a.jpg"]));
        assert_eq!(ran.code, code, "{}", ran.err);
    }
    signal(&server, "INT");
    let ran = server.wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(0));
    let event: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(event["event"], "listening");
}

#[test]
fn a_stale_session_file_is_replaced_but_no_real_login() {
    let place = Place::new();
    for _ in 0..2 {
        let (mut server, _) = serve(&place, &[]);
        signal(&server, "TERM");
        assert!(server.wait().unwrap().success());
    }
    place.session(|session| session["base"] = "https://wx.qq.com".into());
    let before = fs::read(place.path("session.json")).unwrap();
    let ran = place.wx(&["emulate", "--session-file", "session.json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.one_line().contains("session.json: holds a real login"), "{}", ran.err);
    assert_eq!(fs::read(place.path("session.json")).unwrap(), before);
    for (text, words) in [
        (r#"{"version": 2, "base": "https://wx.qq.com"}"#, "version 2"),
        (r#"{"version": 1, "base": "https://wx.qq.com"}"#, "not a session"),
        (r#"{"ver"#, "not a JSON object"),
        ("dear diary", "not a JSON object"),
    ] {
        place.file("session.json", text.as_bytes());
        let ran = place.wx(&["emulate", "--session-file", "session.json"]);
        assert_eq!(ran.code, 1);
        let line = ran.one_line();
        assert!(
            line.contains("session.json: not a session of an emulator") && line.contains(words),
            "{line}"
        );
        assert_eq!(fs::read(place.path("session.json")).unwrap(), text.as_bytes());
    }
    fs::create_dir(place.path("dir")).unwrap();
    let ran = place.wx(&["emulate", "--session-file", "dir"]);
    assert!(ran.code == 1 && ran.one_line().contains("dir: "), "{}", ran.err);
    assert_eq!(place.names(), ["dir", "other.json"]);
}

/// The file belongs to the command that uses the session.
#[test]
fn one_writer_of_a_session_file() {
    let place = Place::new();
    let (mut server, _) = serve(&place, &["--text", "hello"]);
    let mut child = place.spawn(&["watch", "--session", "other.json"]);
    // It has locked the file once it has printed the message.
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("hello"), "{line}");
    let before = fs::read(place.path("other.json")).unwrap();
    let ran = place.wx(&["emulate", "--session-file", "other.json", "--addr", "192.0.2.1:0"]);
    assert_eq!(ran.code, 1);
    let refused = "other.json: the file is in use by `wx watch` (process ";
    assert!(ran.one_line().contains(refused), "{}", ran.err);
    let found: Value =
        serde_json::from_slice(&fs::read(place.path("other.json")).unwrap()).unwrap();
    let before: Value = serde_json::from_slice(&before).unwrap();
    assert_eq!((&found["uin"], &found["base"]), (&before["uin"], &before["base"]));
    signal(&child, "TERM");
    place.wait(child);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(place.names(), ["other.json", "port"], "what a crash leaves");
    // Otherwise the test could read this file before the next server has removed it.
    fs::remove_file(place.path("port")).unwrap();
    let (mut server, _) = serve(&place, &[]);
    signal(&server, "TERM");
    assert!(server.wait().unwrap().success());
    assert_eq!(place.names(), ["other.json"]);
}

/// The port of an earlier run is removed, so that it is not mistaken for the new one.
#[test]
fn the_port_file_is_there_while_the_server_listens() {
    let place = Place::new();
    place.file("port", b"1\n");
    let ran = place.wx(&["emulate", "--port-file", "port", "--addr", "192.0.2.1:0"]);
    assert_eq!(ran.code, 1, "nobody has this address");
    assert!(!place.path("port").exists());
    let (mut server, _) = serve(&place, &[]);
    assert!(place.path("port").exists());
    signal(&server, "TERM");
    assert!(server.wait().unwrap().success());
    assert!(!place.path("port").exists());
}

#[test]
fn violations_are_printed_as_they_occur_and_summed_up() {
    let place = Place::new();
    let (server, port) = serve(&place, &["-v"]);
    for _ in 0..2 {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream
            .write_all(b"GET /webwxnosuch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    }
    signal(&server, "TERM");
    let err = String::from_utf8(server.wait_with_output().unwrap().stderr).unwrap();
    let unknown = "webwxnosuch: GET is not supported by this server";
    assert_eq!(err.matches(&format!("violation: {unknown}\n")).count(), 2, "{err}");
    assert!(err.contains(&format!("  2 x {unknown}\n")), "{err}");
}

#[test]
fn an_address_that_is_not_loopback_is_printed_as_it_is_with_a_warning() {
    let place = Place::new();
    let (server, port) = serve(&place, &["--addr", "0.0.0.0:0"]);
    signal(&server, "TERM");
    let ran = server.wait_with_output().unwrap();
    let (out, err) =
        (String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap());
    assert!(out.starts_with(&format!("listening on http://0.0.0.0:{port}\n")), "{out}");
    assert!(err.contains(&format!("warning: 0.0.0.0:{port} is not a loopback address")), "{err}");
    // A client on this computer can still connect to the address.
    let session = fs::read_to_string(place.path("other.json")).unwrap();
    assert!(session.contains(&format!("\"base\": \"http://127.0.0.1:{port}\"")), "{session}");
}

#[test]
fn an_ipv6_loopback_address() {
    if let Err(error) = std::net::TcpListener::bind("[::1]:0") {
        eprintln!("skipped: no IPv6 loopback address here ({error})");
        return;
    }
    let place = Place::new();
    let picture = jpeg(CHUNK + 1, 1);
    place.file("a.jpg", &picture);
    let (server, _) = serve(&place, &["--addr", "[::1]:0"]);
    fs::rename(place.path("other.json"), place.path("session.json")).unwrap();
    for transport in TRANSPORTS {
        let sent = place.wx(&send(transport, &["--json", "a.jpg"]));
        assert_eq!(sent.code, 0, "{}", sent.err);
        let id = sent.column("msg_id").remove(0);
        let fetched = place.wx(&fetch(transport, &["--force", "--out", "back.jpg", &id]));
        assert_eq!(fetched.code, 0, "{}", fetched.err);
        assert_eq!(fs::read(place.path("back.jpg")).unwrap(), picture);
    }
    signal(&server, "TERM");
    let out = String::from_utf8(server.wait_with_output().unwrap().stdout).unwrap();
    assert!(out.starts_with("listening on http://[::1]:"), "{out}");
}

#[test]
fn what_it_cannot_do() {
    let place = Place::new();
    let taken = place.emulator.addr().to_string();
    for (args, code, words) in [
        (&["--image", "none.jpg"][..], 1, "none.jpg: "),
        (&["--addr", &taken], 1, &taken),
        (&["--port-file", "none/port"], 1, "none/port: "),
        (&["--session-file", "none/session"], 1, "none/session: "),
        (&["--fault", "nap@webwxuploadmedia"], 2, "nap@webwxuploadmedia"),
        (&["--addr", "here"], 2, "here"),
        (&["--file", "none.pdf"], 1, "none.pdf: "),
        (&["--text", ""], 2, "--text is empty"),
        (&["--room", "Club"], 2, "--room needs a --contact"),
        (&["--deliver-every", "1"], 2, "--deliver-every needs a message"),
    ] {
        let ran = place.wx(&[&["emulate"], args].concat());
        assert_eq!(ran.code, code, "{args:?}");
        assert!(ran.one_line().contains(words), "{}", ran.err);
    }
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn all_messages_are_delivered_again_and_again() {
    let place = Place::new();
    place.file("a.txt", b"a text");
    let messages = ["--text", "one", "--file", "a.txt", "--deliver-every", "0.02"];
    let (server, _) =
        serve(&place, &[&messages[..], &["--contact", "Anna", "--room", "Club"]].concat());
    let got = watched(&place, "ureq", 6);
    let kinds: Vec<_> = got.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["text", "file", "text", "file", "text", "file"]);
    let is_of_room = |one: &Value| one["from"].as_str().unwrap().starts_with("@@");
    let of_room: Vec<_> = got.iter().map(is_of_room).collect();
    assert_eq!(of_room, [false, true, false, true, false, true]);
    signal(&server, "TERM");
    server.wait_with_output().unwrap();
}
