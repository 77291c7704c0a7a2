use proptest::prelude::*;
use serde_json::json;
use wx_proto::Md5;

use super::*;
use crate::outbox::Outbox;

fn record() -> Vec<u8> {
    let sent = json!({
        "msg_id": "17", "local_id": "17000000000000001",
        "uploaded": {
            "media_id": "@m", "thumbnail": null, "encry_file_name": null, "name": "a.jpg",
            "kind": "image", "bytes": 12, "md5": "900150983cd24fb0d6963f7d28e17f72",
            "chunks": 1, "server_byte_count": null
        }
    });
    let planned = |key: &str| Planned {
        key: key.to_owned(),
        to: Recipient::new("@0a").unwrap(),
        upload: "image".to_owned(),
        login: None,
    };
    let state = json!({
        "version": 1, "login": "", "seed": { "unix_ms": 1, "entropy": ([0; 16]) },
        "job": { "message": { "to": "@0a", "uploaded": sent["uploaded"], "handed_out_ms": 1 } }
    });
    let in_doubt = Entry::State {
        key: "c".to_owned(),
        state: serde_json::from_value(state).unwrap(),
        boot: Some("boot".to_owned()),
    };
    let sent = |key: &str| Entry::Sent {
        key: key.to_owned(),
        sent: serde_json::from_value(sent.clone()).unwrap(),
        inline: (key == "b").then(|| InlineDigest::Text(Md5::from([9; 16]))).into(),
    };
    let about = json!({ "of": "the\ncaller" });
    lines(&[
        Record::first([7; 16]),
        Entry::Plan { about, messages: vec![planned("a"), planned("b")] },
        sent("b"),
        Entry::Plan { about: Value::Null, messages: vec![planned("c")] },
        sent("a"),
        in_doubt,
        Entry::GivenUp { key: "c".to_owned() },
    ])
}

#[test]
fn a_truncated_record_keeps_its_whole_lines() {
    let bytes = record();
    for len in 0..=bytes.len() {
        let (record, good) = Record::read(&bytes[..len]).unwrap();
        assert!(good <= len && !bytes[good..len].contains(&b'\n'));
        assert_eq!(
            lines(&Record::read(&bytes[..good]).unwrap().0.entries()),
            lines(&record.entries())
        );
    }
}

#[test]
fn a_compacted_record_has_the_same_state() {
    let (whole, _) = Record::read(&record()).unwrap();
    let (again, _) = Record::read(&lines(&whole.entries())).unwrap();
    assert_eq!(again.about, json!({ "of": "the\ncaller" }));
    let sent: Vec<_> =
        again.messages().map(|(key, message)| (key, message.sent.is_some())).collect();
    assert_eq!(sent, [("a", true), ("b", true), ("c", false)]);
    let c = again.message("c").unwrap();
    assert!(c.given_up && c.is_in_doubt() && !c.is_open() && c.is_of_another_boot());
}

/// The digest of a text has had this key from the beginning.
#[test]
fn a_sent_message_without_an_upload_has_its_digest_under_the_name_of_its_kind() {
    let md5 = Md5::from([9; 16]);
    for (key, digest) in [
        ("text", InlineDigest::Text(md5)),
        ("emoticon", InlineDigest::Emoticon(md5)),
        ("forward", InlineDigest::Forward(md5)),
        ("inline", InlineDigest::Other(md5)),
    ] {
        let planned = r#"{"plan":{"messages":[{"key":"k","to":"@0a","upload":"k"}]}}"#;
        let sent = |md5: &str| {
            let sent = r#"{"msg_id":"17","local_id":"17000000000000001","uploaded":null}"#;
            format!("{{\"sent\":{{\"key\":\"k\",\"sent\":{sent},\"{key}\":\"{md5}\"}}}}")
        };
        let first = String::from_utf8(lines([&Record::first([7; 16])])).unwrap();
        let whole = format!("{first}{planned}\n{}\n", sent(&md5.to_string()));
        let (record, _) = Record::read(whole.as_bytes()).unwrap();
        assert_eq!(record.message("k").unwrap().inline, Some(digest));
        assert!(
            lines(&record.entries()).ends_with(format!("{}\n", sent(&md5.to_string())).as_bytes())
        );
        let damaged = format!("{first}{planned}\n{}\n", sent("09"));
        assert!(Record::read(damaged.as_bytes()).is_err());
    }
}

#[test]
fn ids_of_an_earlier_process_are_not_used_again() {
    // Another message with the same millisecond could count as a repeat of this one.
    let text = String::from_utf8(record()).unwrap();
    let now = crate::clock::unix_ms().get();
    let latest = || crate::seed::seed().unwrap().unix_ms.get();
    let cases = [
        (now + 20_000, "\"local_id\":\"1700000000000", "\"local_id\":\""),
        (now + 40_000, "\"unix_ms\":1", "\"unix_ms\":"),
    ];
    for (ahead, then, name) in cases {
        assert!(latest() < ahead && text.contains(then));
        let dir = tempfile::tempdir().unwrap();
        let text = text.replace(then, &format!("{name}{ahead}"));
        std::fs::write(dir.path().join(Outbox::FILE), text).unwrap();
        Outbox::open(dir.path()).unwrap();
        assert!(latest() > ahead, "{then}");
    }
}

#[test]
fn other_files_are_refused() {
    let first = &String::from_utf8(lines([&Record::first([7; 16])])).unwrap();
    let plan = r#"{"plan":{"messages":[{"key":"a","to":"@0a","upload":"a"}]}}"#;
    for (text, line) in [
        ("{}".to_owned(), 1),
        (format!("{plan}\n"), 1),
        (format!("{first}{first}"), 2),
        (format!("{first}\n"), 2),
        (format!("{first}{plan}\n{}\n", r#"{"sent":{"key":"b"}}"#), 3),
        (format!("{first}{}\n", r#"{"state":{"key":"a","state":{}}}"#), 2),
    ] {
        let error = Record::read(text.as_bytes()).unwrap_err();
        assert!(
            matches!(error.kind(), OutboxErrorKind::NotAnOutbox { line: at } if *at == line),
            "{text}: {error}"
        );
    }
    let later = Record::read(
        b"{\"outbox\":{\"version\":2,\"key\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}\n\
          {\"new\":0}\n",
    )
    .unwrap_err();
    assert!(matches!(later.kind(), OutboxErrorKind::Version(2)));
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_damaged_record_is_refused_or_is_readable(at in 0..1500usize, byte: u8) {
        let mut bytes = record();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok((read, _)) = Record::read(&bytes) {
            let again = lines(&read.entries());
            prop_assert_eq!(lines(&Record::read(&again).unwrap().0.entries()), again);
        }
    }
}
