//! XML and other fields of messages: whatever a stranger writes, the result is a message of that
//! type, whose parts are substrings of the input, and whose raw object is kept.

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::http::Response;
use wx_proto::{Message, MessageKind};

/// The types that are more than a text or a number.
const TYPES: [(i64, i64, i64); 12] = [
    (1, 48, 0),
    (3, 0, 0),
    (37, 0, 0),
    (42, 0, 0),
    (47, 0, 0),
    (49, 0, 5),
    (49, 0, 6),
    (49, 0, 33),
    (49, 0, 57),
    (51, 0, 0),
    (10_000, 0, 0),
    (10_002, 0, 0),
];

fn read(message: &Value) -> Message {
    let reply = json!({ "BaseResponse": { "Ret": 0 }, "AddMsgList": [message] });
    let reply = SyncMessages::read(&Response::new(Bytes::from(reply.to_string()))).unwrap();
    reply.messages.into_iter().next().expect("a message with ids")
}

/// The first byte selects a type, the rest is the text of each field.
pub fn check(data: &[u8]) {
    let [which, text @ ..] = data else { return };
    let (msg_type, sub_type, app_type) = TYPES[usize::from(*which) % TYPES.len()];
    let text = String::from_utf8_lossy(text);
    let message = json!({
        "MsgId": "7", "FromUserName": "@@room", "ToUserName": "@me", "MsgType": msg_type,
        "SubMsgType": sub_type, "AppMsgType": app_type, "Content": text, "Url": text,
        "OriContent": text, "FileName": text, "StatusNotifyCode": 4, "StatusNotifyUserName": text,
        "RecommendInfo": { "UserName": text, "NickName": text, "Content": text, "Ticket": text },
    });
    let read = read(&message);
    assert_eq!(serde_json::from_str::<Value>(read.raw.expose()).unwrap(), message);
    assert_eq!(read.raw.expose_content(), text);
    assert!(read.content.len() <= text.len());
    for part in parts(&read.kind) {
        assert!(part.len() <= text.len(), "{part:?} was not written");
    }
    assert_eq!(read.kind.is_for_user(), msg_type != 51);
    assert_eq!(format!("{:?}", read.kind), read.kind.name());
    if let MessageKind::Location(location) = &read.kind
        && let Some((latitude, longitude)) = location.coordinates()
    {
        assert!(latitude.abs() <= 90.0 && longitude.abs() <= 180.0);
    }
}

fn parts(kind: &MessageKind) -> Vec<&str> {
    match kind {
        MessageKind::Location(place) => {
            let more = [&place.label, &place.poi_name].into_iter().flatten();
            let more = more.map(String::as_str);
            more.chain([&*place.place, &place.latitude, &place.longitude]).collect()
        }
        MessageKind::FriendRequest(request) => {
            vec![&request.nick_name, &request.greeting, request.ticket.expose()]
        }
        MessageKind::ContactCard(card) => vec![&card.nick_name],
        MessageKind::Link(app) => [&app.description, &app.url]
            .into_iter()
            .flatten()
            .chain([&app.title])
            .map(String::as_str)
            .collect(),
        MessageKind::MiniProgram(app) => {
            vec![&app.title, &app.user_name, &app.app_id, &app.page_path]
        }
        MessageKind::Quote(quote) => vec![&quote.name, &quote.quoted, &quote.reply],
        MessageKind::Recall(recall) => vec![&recall.text],
        _ => Vec::new(),
    }
}
