//! Every kind of message in the vectors.

use std::time::Duration;

use serde_json::{Value, json};

use super::{from_json, message};
use crate::model::message::Message;
use crate::model::message::kind::MessageKind;

fn vector(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn samples() -> Value {
    vector(include_str!("../../../../tests/vectors/message_samples.json"))
}

/// Returns the name of a kind in the vectors.
fn word(read: &Message) -> &'static str {
    match &read.kind {
        MessageKind::Image { .. } => "picture",
        MessageKind::FriendRequest(_) => "friend request",
        MessageKind::ContactCard(_) => "card",
        MessageKind::MiniProgram(_) => "mini program",
        MessageKind::ChatHistory(_) => "chat history",
        MessageKind::RedPacket(_) => "red packet",
        MessageKind::StatusNotice(_) => "notice",
        MessageKind::Other { .. } => "raw",
        MessageKind::App(app) => match app.app_msg_type {
            1 => "app text",
            3 => "music",
            4 => "video link",
            8 => "app emoticon",
            17 => "live location",
            51 => "channels",
            53 => "group note",
            _ => "raw",
        },
        kind => kind.name(),
    }
}

/// Returns the value for a key of the vector, or `None` if the library does not read that value.
fn value_of(read: &Message, key: &str) -> Option<Value> {
    let author = || read.sender.as_ref().or(read.from.as_ref()).map(|name| name.as_str());
    let seconds = |duration: &Option<Duration>| duration.map(|duration| duration.as_secs());
    Some(match (key, &read.kind) {
        ("kind", _) => json!(word(read)),
        ("deliver", kind) => json!(kind.is_for_user()),
        ("error", _) => json!(false),
        ("sender", _) => json!(author()),
        ("conversation", _) => json!(read.room().map(|room| room.as_str())),
        ("text", MessageKind::Quote(quote)) if quote.msg_id.is_some() => json!(quote.reply),
        ("text", _) => json!(read.content),
        ("reply", MessageKind::Quote(quote)) => json!(quote.reply),
        ("quoted", MessageKind::Quote(quote)) => {
            let mut quoted = json!({
                "name": quote.name, "content": quote.quoted,
                "msg_id": quote.msg_id.as_ref().map(|id| id.as_str()),
            });
            if let Some(msg_type) = quote.msg_type {
                quoted["type"] = msg_type.to_string().into();
            }
            quoted
        }
        ("md5", MessageKind::Image { md5, .. } | MessageKind::Emoticon { md5, .. }) => {
            json!(md5)
        }
        ("store", MessageKind::Emoticon { of_store, .. }) => json!(of_store),
        ("milliseconds", MessageKind::Voice { duration }) => {
            json!(duration.map(|duration| duration.as_millis() as u64))
        }
        ("seconds", MessageKind::Video { duration, .. }) => json!(seconds(duration)),
        ("short", MessageKind::Video { is_short, .. }) => json!(is_short),
        ("place", MessageKind::Location(location)) => json!(location.place),
        ("label", MessageKind::Location(location)) => json!(location.label),
        ("latitude", MessageKind::Location(location)) => json!(location.latitude),
        ("longitude", MessageKind::Location(location)) => json!(location.longitude),
        ("map_path", MessageKind::Location(_)) => {
            json!(read.content.rsplit_once(":\n").unwrap().1)
        }
        ("user", MessageKind::FriendRequest(request)) => json!(request.user_name),
        ("greeting", MessageKind::FriendRequest(request)) => json!(request.greeting),
        ("ticket", MessageKind::FriendRequest(request)) => json!(request.ticket.expose()),
        ("nick_name", MessageKind::FriendRequest(request)) => json!(request.nick_name),
        ("user", MessageKind::ContactCard(card)) => json!(card.user_name),
        ("nick_name", MessageKind::ContactCard(card)) => json!(card.nick_name),
        ("official", MessageKind::ContactCard(card)) => json!(card.is_official),
        ("title", MessageKind::Link(link)) => json!(link.title),
        ("name", MessageKind::File(file)) => json!(file.name),
        ("size", MessageKind::File(file)) => json!(file.len),
        ("msg_id", MessageKind::Recall(recall)) => json!(recall.msg_id),
        ("code", MessageKind::StatusNotice(notice)) => json!(notice.code),
        ("recent", MessageKind::StatusNotice(notice)) => {
            json!(notice.user_names().collect::<Vec<_>>())
        }
        _ => return None,
    })
}

#[test]
fn p65_p68_p69_p70_p71_p104_every_message_of_the_vector() {
    let samples = samples();
    let mut not_read = Vec::new();
    for case in samples["cases"].as_array().unwrap() {
        let read = from_json(&case["message"]).unwrap();
        for (key, expected) in case["expect"].as_object().unwrap() {
            match value_of(&read, key) {
                Some(found) => assert_eq!(&found, expected, "{key} of {}", case["name"]),
                None => not_read.push(key.as_str()),
            }
        }
        assert_eq!(serde_json::from_str::<Value>(read.raw.expose()).unwrap(), case["message"]);
        assert_eq!(read.raw.expose_content(), case["message"]["Content"].as_str().unwrap());
        // The number of keys is the one in the captures, so the cases are complete messages.
        let keys: Vec<_> = case["message"].as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), samples["key_order"].as_array().unwrap().len());
    }
    not_read.sort_unstable();
    not_read.dedup();
    // These describe downloads, notes, the articles of a post, and the MD5 of a file.
    assert_eq!(not_read, ["cover", "download", "items", "md5", "note"]);
}

#[test]
fn p69_missing_fields_and_entries_that_are_not_messages() {
    let lenient = &samples()["lenient"];
    let [bare, odd, none] = &lenient.as_array().unwrap()[..] else { panic!("three cases") };
    let mut bare = bare["message"].clone();
    // A message without a sender counts as unreadable, because the key may have been damaged.
    assert_eq!(from_json(&bare), None);
    bare["FromUserName"] = "@friend".into();
    let read = from_json(&bare).unwrap();
    assert_eq!((read.kind, read.content.as_str(), read.to), (MessageKind::Text, "x", None));
    let mut odd = odd["message"].clone();
    odd["FromUserName"] = "@friend".into();
    let read = from_json(&odd).unwrap();
    assert_eq!((read.kind, read.content.as_str()), (MessageKind::Text, ""));
    assert_eq!(from_json(&none["message"]), None);
}

#[test]
fn p71_recalls_of_the_vector() {
    let revoke = vector(include_str!("../../../../tests/vectors/revoke.json"));
    for notice in revoke["notices"].as_array().unwrap() {
        let expect = &notice["expect"];
        let mut more = notice["message"].clone();
        more["CreateTime"] = 1.into();
        let read = message(more);
        if expect["handled"] == "raw" {
            assert_eq!(read.kind, MessageKind::Other { msg_type: Some(10_002) });
            continue;
        }
        let MessageKind::Recall(recall) = &read.kind else { panic!("{notice}") };
        let id = recall.msg_id.as_ref().map_or("0", |id| id.as_str());
        assert_eq!(id, expect["msg_id"].as_str().unwrap_or("4100000000000000001"), "{notice}");
        assert_eq!(recall.text, "\"Anna\" 撤回了一条消息");
        assert_eq!(read.sender.as_ref().map(|name| name.as_str()), expect["sender"].as_str());
    }
}

#[test]
fn p68_coordinates_without_xml_and_without_anything() {
    let kind = |more: Value| {
        let mut json =
            json!({ "MsgType": 1, "SubMsgType": 48, "Content": "a: b:<br/>c:<br/>/cgi-bin/x" });
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message(json).kind
    };
    let MessageKind::Location(location) =
        kind(json!({ "Url": "http://apis.map.qq.com/uri/v1/geocoder?coord=-33.9,151.2&x=1" }))
    else {
        panic!()
    };
    assert_eq!(
        (location.place.as_str(), location.coordinates()),
        ("a: b:\nc", Some((-33.9, 151.2)))
    );
    // The prefix of what the account itself has sent to a room from the phone.
    for (to, place) in [("@@0b", "c"), ("@0b", "@0a:\nc")] {
        let MessageKind::Location(location) = kind(json!({
            "Url": "?coord=1,2", "ToUserName": to, "Content": "@0a:<br/>c:<br/>/cgi-bin/x",
        })) else {
            panic!()
        };
        assert_eq!(location.place, place);
    }
    for (latitude, longitude) in
        [("NaN", "1"), ("90.5", "1"), ("1", "-181"), ("inf", "1"), ("", "")]
    {
        let url = format!("?coord={latitude},{longitude}");
        let MessageKind::Location(location) = kind(json!({ "Url": url })) else { panic!() };
        assert_eq!(location.coordinates(), None, "{url}");
    }
    // The text remains.
    assert_eq!(kind(json!({ "Url": "http://apis.map.qq.com/" })), MessageKind::Text);
    assert_eq!(
        kind(json!({ "Url": [], "OriContent": "<msg><location x='1'/>" })),
        MessageKind::Text
    );
}

#[test]
fn p70_only_status_notices_are_not_for_the_user() {
    for case in samples()["cases"].as_array().unwrap() {
        let read = from_json(&case["message"]).unwrap();
        assert_eq!(read.kind.is_for_user(), case["message"]["MsgType"] != 51, "{}", case["name"]);
    }
}

#[test]
fn p94_mentions_of_the_vectors() {
    let texts = vector(include_str!("../../../../tests/vectors/text_receive.json"));
    let text = |content: &Value| message(json!({ "MsgType": 1, "Content": content }));
    let cases = texts["mention_cases"].as_array().unwrap();
    assert!(cases[0]["text"].as_str().unwrap().contains('\u{2005}'));
    for case in cases {
        let names = case["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        assert_eq!(text(&case["text"]).mentions(names), case["expect"] == true, "{case}");
    }
    for case in texts["cases"].as_array().unwrap() {
        let from = if case["room"] == true { "@@room" } else { "@friend" };
        let read = message(json!({ "MsgType": 1, "Content": case["raw"], "FromUserName": from }));
        let mentions = case["mentions"].as_array().is_some_and(|names| names[0] == "Anna");
        assert_eq!(read.mentions(["Anna"]), mentions, "{case}");
        // Bob is mentioned in the reply to a quote.
        let bob = case["quote"]["reply"].as_str().is_some_and(|reply| reply.starts_with("@Bob"));
        assert_eq!(read.mentions(["Bob"]), bob, "{case}");
    }
}

#[test]
fn p94_names_are_compared_as_they_are_shown() {
    let mentions = |content: &str, names: &[&str]| {
        message(json!({ "MsgType": 1, "Content": content })).mentions(names.iter().copied())
    };
    let emoji = "@Anna<span class=\"emoji emoji1f604\"></span>&amp;Co\u{2005}hi";
    assert!(mentions(emoji, &["Anna😄&Co"]));
    assert!(mentions("@@Anna", &["Anna"]) && mentions("@Annabel @Anna", &["x", "", "Anna"]));
    for (content, name) in [("hi @ there", ""), ("@", ""), ("Anna", "Anna"), ("@anna", "Anna")] {
        assert!(!mentions(content, &[name]), "{content}");
    }
    assert!(!mentions("@Anna\u{a0}hi", &["Anna"]));
    let quoted = "「Anna：@Carl ok」<br/>- - - - - - - - - - - - - - -<br/>yes";
    assert!(!mentions(quoted, &["Carl"]));
}

#[test]
fn p81_the_length_of_a_voice_message_is_in_milliseconds() {
    let vector = vector(include_str!("../../../../tests/vectors/getvoice.json"));
    let voice = &vector["message"];
    assert_eq!(voice["unit"], "milliseconds");
    let read = message(voice.clone());
    let MessageKind::Voice { duration } = read.kind else { panic!("{:?}", read.kind) };
    assert_eq!(duration.map(|length| length.as_millis() as u64), voice["VoiceLength"].as_u64());
    // No call sends one (P83).
    assert_eq!(vector["sending"], "impossible: no request exists");
}
