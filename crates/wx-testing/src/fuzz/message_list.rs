//! Lists of messages. A damaged string affects only its own message, every message is either read
//! or counted, a damaged id never becomes a different valid id, and a truncated list is an error.

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::sync::{SyncMessages, SyncReply};
use wx_proto::http::Response;
use wx_proto::{MsgId, ReplyError, UserName};

use super::damaged_list;

fn read(body: &[u8]) -> Result<SyncReply, ReplyError> {
    SyncMessages::read(&Response::new(Bytes::copy_from_slice(body)))
}

fn message(id: u64) -> Value {
    json!({
        "MsgId": id.to_string(), "FromUserName": "@@room", "ToUserName": "@me", "MsgType": 49,
        "Content": "@friend:<br/>hello", "CreateTime": 1_511_493_942, "FileName": "a.pdf",
        "FileSize": "12",
        "AppMsgType": 6, "RecommendInfo": { "UserName": "", "Content": "" }, "NewMsgId": id,
        "Odd": ["x", {}],
    })
}

/// The first byte selects a string, the second byte whether it is replaced or extended, and the
/// rest is the text. The same bytes are also read as a whole reply.
pub fn check(data: &[u8]) {
    check_complete(data);
    let [which, append, bytes @ ..] = data else { return };
    let [first, middle, last] = [7, 8, 9].map(message);
    let clean = |json: &Value| {
        read(&damaged_list::answer("AddMsgList", &[json.to_string().as_bytes()])).unwrap()
    };
    let damaged = damaged_list::element(&middle, usize::from(*which), append & 1 != 0, bytes);
    let list = [first.to_string().into_bytes(), damaged.clone(), last.to_string().into_bytes()];
    let body = damaged_list::answer("AddMsgList", &list.each_ref().map(Vec::as_slice));
    let batch = read(&body).expect("a valid reply with an altered element");

    assert_eq!(batch.messages.len() as u64 + batch.skipped.unreadable, 3);
    assert_eq!(batch.messages.first(), clean(&first).messages.first());
    assert_eq!(batch.messages.last(), clean(&last).messages.first());
    if let [_, read, _] = &batch.messages[..] {
        // An independent parser reads the ids, unless it refuses the bytes.
        let seen = serde_json::from_slice(&damaged).unwrap_or(middle);
        let text = |key: &str| seen[key].as_str().unwrap_or_default().to_owned();
        let id =
            MsgId::new(text("MsgId")).ok().filter(|id| !id.as_str().trim_matches('0').is_empty());
        assert_eq!(read.id, id);
        assert_eq!(read.from, UserName::new(text("FromUserName")).ok());
        // The recipient is absent if its key was damaged.
        assert!(read.to.is_none() || read.to == UserName::new(text("ToUserName")).ok());
    }
    assert!(damaged_list::truncations(&body).all(read_fails));
}

fn read_fails(body: &[u8]) -> bool {
    read(body).is_err()
}

fn check_complete(body: &[u8]) {
    let Ok(batch) = read(body) else { return };
    assert!(
        damaged_list::truncations(body).all(read_fails),
        "a truncated reply counted as a complete one"
    );
    assert!(batch.messages.len() <= 20_000);
    let Ok(seen) = serde_json::from_slice::<Value>(body) else { return };
    // Anything that is not a list counts as one element.
    let sent = match &seen["AddMsgList"] {
        Value::Null => &[][..],
        Value::Array(list) => list,
        odd => std::slice::from_ref(odd),
    };
    let skipped = batch.skipped.unreadable + batch.skipped.over_limit;
    assert_eq!(batch.messages.len() as u64 + skipped, sent.len() as u64);
    for message in &batch.messages {
        let Some(read) = &message.id else { continue };
        let is_it = |sent: &Value| match &sent["MsgId"] {
            Value::String(id) => id == read.as_str(),
            // serde_json turns a number that is too large into a float, and loses digits.
            id => id.is_f64() || id.as_u64() == read.as_str().parse().ok(),
        };
        assert!(sent.iter().any(is_it), "an id that was not sent");
    }
}
