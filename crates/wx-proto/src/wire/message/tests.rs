use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::*;
use crate::model::dimensions::Dimensions;
use crate::model::image_variant::ImageVariant;

const ROOM: &str = "@@0123456789abcdef";

fn from_json(json: &Value) -> Option<Message> {
    Message::from_json(&to_raw_value(json).unwrap())
}

fn message(more: Value) -> Message {
    let mut json = json!({
        "MsgId": "8997396119269472610", "FromUserName": "@friend", "ToUserName": "@me",
        "MsgType": 3,
        "Content": "", "CreateTime": 1_511_493_942, "ImgWidth": 100, "ImgHeight": 67,
    });
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    from_json(&json).unwrap()
}

#[test]
fn p58_content_of_the_vector() {
    let vector: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/message_content.json")).unwrap();
    for case in vector["cases"].as_array().unwrap() {
        let from = if case["room"] == true { ROOM } else { "@friend" };
        let read = message(json!({ "Content": case["raw"], "FromUserName": from }));
        assert_eq!(read.content, case["decoded"].as_str().unwrap(), "{case}");
        assert_eq!(read.sender.as_ref().map(UserName::as_str), case["sender"].as_str());
    }
}

#[test]
fn p58_only_a_room_has_a_prefix_and_only_one() {
    let prefixed = "@abc:<br/>@def:<br/>hello<br/>&lt;br/&gt;";
    assert_eq!(message(json!({ "Content": prefixed })).sender, None);
    let read = message(json!({ "Content": prefixed, "FromUserName": ROOM }));
    assert_eq!(
        (read.sender.unwrap().as_str(), read.content.as_str()),
        ("@abc", "@def:\nhello\n<br/>")
    );
    for bare in ["no prefix", "abc:<br/>x", "@a b:<br/>x", ":<br/>x", ""] {
        assert_eq!(
            message(json!({ "Content": bare, "FromUserName": ROOM })).sender,
            None,
            "{bare}"
        );
    }
}

#[test]
fn what_there_is_to_fetch() {
    let size = |more: Value| message(more).image().map(|(_, size)| size);
    assert_eq!(size(json!({})), Some(ImageVariant::Original));
    assert_eq!(size(json!({ "MsgType": 47 })), Some(ImageVariant::Emoticon));
    assert_eq!(size(json!({ "MsgType": 47, "HasProductId": 1 })), None);
    assert_eq!(size(json!({ "MsgType": "43" })), Some(ImageVariant::Thumbnail));
    assert_eq!(size(json!({ "MsgType": 62 })), Some(ImageVariant::Thumbnail));
    for kind in [1, 34, 49, 51, 10_000, 10_002, -5] {
        assert_eq!(size(json!({ "MsgType": kind })), None, "{kind}");
    }
    let thumbnail = |more: Value| message(more).kind;
    assert_eq!(thumbnail(json!({})), MessageKind::Image { thumbnail: Dimensions::new(100, 67) });
    assert_eq!(thumbnail(json!({ "ImgWidth": 0 })), MessageKind::Image { thumbnail: None });
    let file =
        json!({ "MsgType": 49, "AppMsgType": 6, "FileName": "a&amp;b.pdf", "FileSize": "1234" });
    assert_eq!(
        thumbnail(file),
        MessageKind::File { name: Some("a&b.pdf".into()), len: Some(1234) }
    );
    let bare = json!({ "MsgType": 49, "AppMsgType": 6, "FileName": "" });
    assert_eq!(thumbnail(bare), MessageKind::File { name: None, len: None });
    assert_eq!(message(json!({})).sent_at, Some(UnixMs::from_secs(1_511_493_942)));
    for odd in [json!(null), json!(-1), json!("soon")] {
        assert_eq!(message(json!({ "CreateTime": odd })).sent_at, None, "{odd}");
    }
}

#[test]
fn p17_ids_keep_their_digits_as_text_or_number() {
    for id in [json!("18446744073709551615"), json!(18_446_744_073_709_551_615_u64)] {
        assert_eq!(message(json!({ "MsgId": id })).id.unwrap().as_str(), "18446744073709551615");
    }
}

#[test]
fn whatever_is_wrong_it_is_a_message() {
    for wrong in [
        json!({ "MsgId": "000" }),
        json!({ "MsgId": 0 }),
        json!({ "MsgId": "../../etc/passwd" }),
        json!({ "MsgId": [] }),
        json!({ "MsgId": 1.5 }),
    ] {
        let read = message(wrong);
        assert_eq!(read.id, None);
        assert!(
            matches!(read.kind, MessageKind::Other { msg_type: Some(3), .. }),
            "nothing can be fetched under it"
        );
    }
    for json in [
        json!({ "Content": {}, "MsgType": [], "FromUserName": {}, "MsgId": true }),
        json!({ "MsgId": "", "MsgType": "", "FromUserName": "", "CreateTime": 1.5 }),
    ] {
        let kind = from_json(&json).unwrap().kind;
        assert!(matches!(kind, MessageKind::Other { msg_type: None, .. }), "{kind:?}");
    }
    let MessageKind::Other { json, msg_type } =
        message(json!({ "MsgType": 51, "StatusNotifyCode": 4 })).kind
    else {
        panic!()
    };
    assert_eq!(msg_type, Some(51));
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["StatusNotifyCode"], 4);
}

#[test]
fn what_has_no_id_no_type_and_no_sender_is_no_message() {
    for json in [
        json!(null),
        json!([]),
        json!("x"),
        json!({}),
        json!({ "MsgType": 3, "FromUserName": "@friend", "Content": "x" }),
        json!({ "MsgId": "7", "FromUserName": "@friend" }),
        json!({ "MsgId": "7", "MsgType": 3 }),
        json!({ "MsgId": null, "MsgType": 3, "FromUserName": "@friend" }),
    ] {
        assert_eq!(from_json(&json), None, "{json}");
    }
}

#[test]
fn a_damaged_id_is_no_other_id() {
    for key in ["MsgId", "FromUserName", "ToUserName"] {
        for damaged in ["\u{fffd}", "7\u{fffd}", "@a\u{fffd}b", "@a\n", "\u{0}"] {
            let mut json = json!({ "MsgId": "7", "MsgType": 3, "FromUserName": "@friend" });
            json[key] = damaged.into();
            assert_eq!(from_json(&json), None, "{json}");
        }
    }
    // What stands in a text is no id, and the same in an optional field that is odd.
    assert_eq!(message(json!({ "Content": "a\u{fffd}" })).content, "a\u{fffd}");
    let prefixed = json!({ "Content": "@a\u{fffd}:<br/>x", "FromUserName": ROOM });
    assert_eq!(message(prefixed).sender, None);
    let twice = r#"{"MsgId":"7","MsgType":3,"FromUserName":"@a","MsgId":"8"}"#;
    assert_eq!(Message::from_json(serde_json::from_str(twice).unwrap()), None);
}
