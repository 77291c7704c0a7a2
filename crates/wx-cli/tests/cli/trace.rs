//! `--trace`, and what no output may contain.

use std::fs;

use serde_json::Value;

use crate::support::{CHUNK, Place, TRANSPORTS, fetch, jpeg, send};

fn lines(place: &Place, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(place.path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Returns the lines of one kind.
fn all<'a>(lines: &'a [Value], event: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

/// A request on a closed connection is repeated at once, without the wait of 15 seconds between two
/// tries.
#[test]
fn a_closed_reused_connection_costs_no_try() {
    for transport in TRANSPORTS {
        for fault in ["close-idle@webwxsendmsgimg", "close-idle=after@webwxsendmsgimg"] {
            let place = Place::with(&[fault]);
            place.file("a.jpg", &jpeg(100, 1));
            let ran = place.wx(&send(transport, &["--json", "--trace", "trace", "a.jpg"]));
            assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned()]), "{}", ran.err);
            assert_eq!(place.emulator.messages().len(), 1);
            let trace = lines(&place, "trace");
            let messages = all(&trace, "exchange").into_iter().filter(|it| it["step"] == "message");
            let tries: Vec<_> =
                messages.map(|it| (&it["try"], &it["failure"], &it["status"])).collect();
            let (one, none) = (Value::from(1), Value::Null);
            assert_eq!(
                tries,
                [(&one, &"dropped".into(), &none), (&one, &none, &200.into())],
                "{transport}"
            );
        }
    }
}

#[test]
fn each_exchange_and_no_value() {
    for transport in TRANSPORTS {
        let faults = [
            "status=503@webwxuploadmedia#2",
            "close@webwxuploadmedia#3",
            "drop=after@webwxsendmsgimg#1",
        ];
        let place = Place::with(&faults);
        place.file("holiday.jpg", &jpeg(CHUNK + 1, 1));
        let more = [
            "-v",
            "--json",
            "--retry-wait",
            "0.1",
            "--resume-dir",
            "job",
            "--trace",
            "trace",
            "holiday.jpg",
        ];
        let ran = place.wx(&send(transport, &more));
        assert_eq!(ran.code, 0, "{}", ran.err);
        place.assert_no_secret_in("trace");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(place.path("trace")).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        let trace = lines(&place, "trace");
        assert_eq!(
            (&trace[0]["event"], &trace[0]["transport"]),
            (&"begin".into(), &transport.into())
        );
        let exchanges = all(&trace, "exchange");
        let rows: Vec<_> = exchanges
            .iter()
            .map(|it| {
                format!(
                    "{} {} {} {} {}",
                    it["endpoint"], it["chunk"], it["try"], it["status"], it["ret"]
                )
            })
            .collect();
        let expected = [
            r#""webwxuploadmedia" 0 1 200 0"#,
            r#""webwxuploadmedia" 1 1 503 null"#,
            r#""webwxuploadmedia" 1 2 200 0"#,
            r#""webwxsendmsgimg" null 1 null null"#,
            r#""webwxsendmsgimg" null 2 200 0"#,
        ];
        assert_eq!(rows, expected);
        assert_eq!(
            (&exchanges[3]["failure"], &exchanges[3]["delivered"]),
            (&"dropped".into(), &"unknown".into())
        );
        assert!(exchanges[0]["request_bytes"].as_u64().unwrap() > CHUNK as u64);
        assert_eq!(all(&trace, "sent").len(), 1);

        let event = &ran.events()[0];
        let text = fs::read_to_string(place.path("trace")).unwrap();
        let session: Value = serde_json::from_str(&place.emulator.session_json()).unwrap();
        let private = [
            &event["msg_id"],
            &event["media_id"],
            &event["local_id"],
            &event["md5"],
            &session["user_name"],
        ];
        let private = private.map(|value| value.as_str().unwrap());
        for value in private.into_iter().chain(["holiday", "filehelper", "127.0.0.1", "cgi-bin"]) {
            assert!(!text.contains(value), "{value} is in the trace");
        }
    }
}

#[test]
fn hashes_tell_same_from_different_within_a_run_only() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    place.file("b.jpg", &jpeg(100, 2));
    for name in ["one", "two"] {
        assert_eq!(place.wx(&send("ureq", &["--trace", name, "a.jpg", "b.jpg"])).code, 0);
    }
    let (one, two) = (lines(&place, "one"), lines(&place, "two"));
    let sent = all(&one, "sent");
    assert_eq!(sent[0]["to"], sent[1]["to"]);
    assert_ne!(sent[0]["file"], sent[1]["file"]);
    assert_ne!(sent[0]["to"], all(&two, "sent")[0]["to"]);
    assert_ne!(one[0]["uin"], two[0]["uin"]);
}

#[test]
fn what_went_wrong_is_traced_too() {
    let place = Place::build(&["html@webwxgetmsgimg"], &[&jpeg(100, 1)]);
    let id = place.emulator.incoming().remove(0);
    let ran = place.wx(&fetch("ureq", &["--trace", "trace", "--out", "x.jpg", &id]));
    assert_eq!(ran.code, 1);
    let trace = lines(&place, "trace");
    let failed = all(&trace, "failed");
    assert_eq!((failed.len(), &failed[0]["step"]), (1, &"download".into()));
    assert_eq!(all(&trace, "exchange").len(), 1);
    assert!(!fs::read_to_string(place.path("trace")).unwrap().contains(&id));
}

#[test]
fn a_trace_replaces_nothing() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    let ran = place.wx(&send("ureq", &["--json", "--trace", "a.jpg", "a.jpg"]));
    assert_eq!((ran.code, ran.column("step")), (1, vec!["not_started".to_owned()]));
    assert!(ran.one_line().contains("a.jpg: ") && ran.one_line().contains("trace"), "{}", ran.err);
    place.assert_silence();
    let ran = place.wx(&["demo", "--trace", "a.jpg"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(place.wx(&["demo", "--trace", "trace"]).code, 0);
    assert_eq!(all(&lines(&place, "trace"), "exchange").len(), 6);
    assert_eq!(place.wx(&["emulate", "--trace", "other"]).code, 2);
}

#[test]
fn a_session_s_life_is_traced_without_a_value() {
    for transport in TRANSPORTS {
        let place = Place::with_emulator(wx_emulator::Emulator::builder().contact("Anna", ""));
        let base = place.emulator.base();
        let life: [&[&str]; 4] =
            [&["login", "--base", &base], &["whoami"], &["contacts"], &["logout"]];
        for (at, args) in life.into_iter().enumerate() {
            let name = format!("trace{at}");
            let more =
                ["--session", "session.json", "--transport", transport, "--trace", &name, "--json"];
            let ran = place.wx(&[args, &more].concat());
            assert_eq!(ran.code, 0, "{}", ran.err);
            place.assert_no_secret_in(&name);
            assert!(!all(&lines(&place, &name), "exchange").is_empty());
            let text = fs::read_to_string(place.path(&name)).unwrap();
            let link = ran.events()[0]["link"]
                .as_str()
                .map_or("\0".to_owned(), |link| link.rsplit_once('/').unwrap().1.to_owned());
            for value in
                ["127.0.0.1", "cgi-bin", "Anna", "Emulated", place.emulator.friend(), &link]
            {
                assert!(!text.contains(value), "{value} is in the trace");
            }
        }
    }
}
