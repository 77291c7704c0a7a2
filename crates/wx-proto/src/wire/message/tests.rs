use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::*;
use crate::model::attachment::{Attachment, AttachmentKind};
use crate::model::dimensions::Dimensions;
use crate::model::image_variant::ImageVariant;
use crate::model::md5::Md5;

mod emoticons;
mod kinds;

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
fn p58_p67_only_a_room_has_a_prefix_and_only_one() {
    let prefixed = "@abc:<br/>@def:<br/>hello<br/>&lt;br/&gt;";
    assert_eq!(message(json!({ "Content": prefixed })).sender, None);
    let read = message(json!({ "Content": prefixed, "FromUserName": ROOM }));
    assert_eq!(
        (read.sender.unwrap().as_str(), read.content.as_str()),
        ("@abc", "@def:\nhello\n<br/>")
    );
    let old_room = json!({ "Content": prefixed, "FromUserName": "7@chatroom" });
    assert_eq!(message(old_room).sender.unwrap().as_str(), "@abc");
    for bare in ["no prefix", "@a b:<br/>x", ":<br/>x", ""] {
        assert_eq!(
            message(json!({ "Content": bare, "FromUserName": ROOM })).sender,
            None,
            "{bare}"
        );
    }
    // The account's own texts have no prefix, whatever they look like.
    let own =
        message(json!({ "Content": "Note:<br/>x", "FromUserName": "@me", "ToUserName": ROOM }));
    assert_eq!((own.sender.as_ref(), own.content.as_str()), (None, "Note:\nx"));
    assert_eq!(own.room().unwrap().as_str(), ROOM);
}

#[test]
fn attachments_of_each_kind() {
    let variant = |more: Value| match message(more).attachment()?.kind {
        AttachmentKind::Image { variant, .. } => Some(variant),
        kind => panic!("{kind:?}"),
    };
    assert_eq!(variant(json!({})), Some(ImageVariant::Original));
    assert_eq!(variant(json!({ "MsgType": 47 })), Some(ImageVariant::Emoticon));
    assert_eq!(variant(json!({ "MsgType": 47, "HasProductId": 1 })), None);
    for (app, expected) in [(2, ImageVariant::Original), (8, ImageVariant::Original)] {
        assert_eq!(variant(json!({ "MsgType": 49, "AppMsgType": app })), Some(expected));
    }
    for kind in [1, 49, 51, 10_000, 10_002, -5] {
        assert_eq!(variant(json!({ "MsgType": kind })), None, "{kind}");
    }
    let kind = |more: Value| message(more).attachment().map(|attachment| attachment.kind);
    for video in [json!("43"), json!(62)] {
        assert_eq!(kind(json!({ "MsgType": video })), Some(AttachmentKind::Video));
        let cover = message(json!({ "MsgType": video })).cover().unwrap();
        assert_eq!(cover, Attachment::image(cover.msg_id.clone(), ImageVariant::Thumbnail));
    }
    assert_eq!(kind(json!({ "MsgType": 34 })), Some(AttachmentKind::Voice));
    assert_eq!(message(json!({})).cover(), None);
    assert_eq!(message(json!({ "MsgType": 43, "MsgId": "0" })).cover(), None);
    let thumbnail = |more: Value| message(more).kind;
    assert_eq!(
        thumbnail(json!({})),
        MessageKind::Image { thumbnail: Dimensions::new(100, 67), md5: None }
    );
    assert_eq!(
        thumbnail(json!({ "ImgWidth": 0 })),
        MessageKind::Image { thumbnail: None, md5: None }
    );
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
        assert_eq!((read.id.as_ref(), read.attachment()), (None, None), "nothing can be fetched");
    }
    for json in [
        json!({ "Content": {}, "MsgType": [], "FromUserName": {}, "MsgId": true }),
        json!({ "MsgId": "", "MsgType": "", "FromUserName": "", "CreateTime": 1.5 }),
    ] {
        let kind = from_json(&json).unwrap().kind;
        assert_eq!(kind, MessageKind::Other { msg_type: None });
    }
}

#[test]
fn an_entry_without_id_type_and_sender_is_not_a_message() {
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
fn a_damaged_id_is_not_another_id() {
    for key in ["MsgId", "FromUserName", "ToUserName"] {
        for damaged in ["\u{fffd}", "7\u{fffd}", "@a\u{fffd}b", "@a\n", "\u{0}"] {
            let mut json = json!({ "MsgId": "7", "MsgType": 3, "FromUserName": "@friend" });
            json[key] = damaged.into();
            assert_eq!(from_json(&json), None, "{json}");
        }
    }
    // Invalid characters in a text or in an optional id do not matter.
    assert_eq!(message(json!({ "Content": "a\u{fffd}" })).content, "a\u{fffd}");
    let prefixed = json!({ "Content": "@a\u{fffd}:<br/>x", "FromUserName": ROOM });
    assert_eq!(message(prefixed).sender, None);
    let twice = r#"{"MsgId":"7","MsgType":3,"FromUserName":"@a","MsgId":"8"}"#;
    assert_eq!(Message::from_json(serde_json::from_str(twice).unwrap()), None);
}

/// Returns the attachment of the vector's message, with these fields replaced.
fn file(more: Value) -> Option<Value> {
    let vector: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/getmedia_request.json")).unwrap();
    let mut json = vector["inputs"]["message"].clone();
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::to_value(message(json).attachment()?).ok()
}

#[test]
fn p75_a_file_of_the_vector() {
    let read = file(json!({})).unwrap();
    assert_eq!((&read["kind"], &read["msg_id"]), (&json!("file"), &json!("8997396119269472610")));
    let sender = "@@00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    assert_eq!(read["sender"], sender);
    assert_eq!(read["media_id"], format!("@{}", "cd".repeat(180)));
    assert_eq!(read["encry_file_name"], "fileName%2Ezip");
    assert_eq!((&read["name"], &read["len"]), (&json!("fileName.zip"), &json!(1024)));
    assert_eq!(read.get("md5"), None);

    let md5 = Md5::digest(b"").to_string();
    let content = |md5: &str| {
        let md5 = format!("&lt;md5&gt;{md5}&lt;/md5&gt;");
        format!("@a:<br/>&lt;msg&gt;&lt;appmsg&gt;{md5}&lt;/appmsg&gt;&lt;/msg&gt;")
    };
    assert_eq!(file(json!({ "Content": content(&md5) })).unwrap()["md5"], md5);
    let bare = file(json!({ "EncryFileName": null, "FileName": "", "FileSize": "" })).unwrap();
    assert_eq!(bare.as_object().unwrap().len(), 4, "{bare}");
    for odd in ["@0123", "a b"] {
        assert_eq!(file(json!({ "Content": content(odd) })).unwrap().get("md5"), None);
    }
    for id in [json!(""), json!("a b"), json!("a\u{fffd}"), json!(null)] {
        assert_eq!(file(json!({ "MediaId": id })), None, "{id}");
    }
    assert_eq!(file(json!({ "FromUserName": "" })), None);
}

#[test]
fn p78_the_name_of_a_file_is_decoded() {
    let vector: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/getmedia_request.json")).unwrap();
    let case = vector["file_names"].as_array().unwrap().last().unwrap();
    let read = file(json!({ "FileName": case["given"] })).unwrap();
    assert_eq!(read["name"], case["expect"]);
}
