//! Texts: the decoded text equals the result of a second, slower decoder, and a text that a person
//! typed is restored.

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::http::Response;
use wx_proto::{Message, MessageKind};

fn read(content: &str, from: &str) -> Message {
    let message = json!({
        "MsgId": "7", "FromUserName": from, "ToUserName": "@me", "MsgType": 1, "Content": content,
    });
    let reply = json!({ "BaseResponse": { "Ret": 0 }, "AddMsgList": [message] });
    let reply = SyncMessages::read(&Response::new(Bytes::from(reply.to_string()))).unwrap();
    reply.messages.into_iter().next().expect("a message with ids")
}

/// The input is both a text that the server sent and a text that a person typed.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let received = read(&text, "@friend");
    assert_eq!(received.content, decoded(&text));
    assert_eq!((&received.sender, received.raw.expose_content()), (&None, text.to_string()));
    parts(&received);
    // The prefix and the rest are the whole text.
    let of_room = read(&text, "@@room");
    if let Some(sender) = &of_room.sender {
        let rest = text.strip_prefix(&format!("{sender}:<br/>")).expect("the prefix");
        assert_eq!(of_room.content, decoded(rest));
    } else {
        assert_eq!(of_room.content, received.content);
    }

    let sent = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let sent = sent.replace('"', "&quot;").replace('\'', "&#39;").replace('\n', "<br/>");
    let received = read(&sent, "@friend");
    assert_eq!(received.content, text);
    assert_eq!(read(&format!("@a1:<br/>{sent}"), "@@room").content, text);
    parts(&received);
}

/// A quote consists of the parts of its text.
fn parts(message: &Message) {
    match &message.kind {
        MessageKind::Text => assert_eq!(message.text(), Some(&*message.content)),
        MessageKind::Quote(quote) => {
            let line = ["-"; 15].join(" ");
            let quote_text =
                format!("「{}：{}」\n{line}\n{}", quote.name, quote.quoted, quote.reply);
            assert_eq!(message.content, quote_text);
            assert_eq!(message.text(), Some(&*quote.reply));
        }
        other => panic!("{other:?}"),
    }
    if let Some((_, after)) = message.text().unwrap().split_once('@') {
        let name = after.split(['\u{2005}', ' ']).next().unwrap();
        assert_eq!(message.mentions([name]), !name.is_empty());
    }
    let _: Value = serde_json::from_str(message.raw.expose()).expect("an object");
}

/// Decodes a text, one character or tag at a time.
fn decoded(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let known = [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&#39;", "'"),
            ("&quot;", "\""),
            ("&amp;", "&"),
            ("<br/>", "\n"),
        ];
        let known = known.into_iter().find(|(tag, _)| rest.starts_with(tag));
        let (len, plain) = match known {
            Some((tag, plain)) => (tag.len(), plain.to_owned()),
            None => span(rest).unwrap_or((c.len_utf8(), c.to_string())),
        };
        out += &plain;
        rest = &rest[len..];
    }
    out
}

/// Returns the length and the characters of the span at the beginning of a text.
fn span(text: &str) -> Option<(usize, String)> {
    let inside = text.strip_prefix("<span class=\"emoji emoji")?;
    let (hex, after) = inside.split_once("\"></span")?;
    let lengths: &[usize] = match hex.len() {
        4 => &[4],
        5 => &[5],
        6 => &[2, 4],
        8 => &[4, 4],
        10 => &[5, 5],
        _ => return None,
    };
    let mut at = 0;
    let mut points = Vec::new();
    for len in lengths {
        let digits = hex.get(at..at + len)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        points.push(u32::from_str_radix(digits, 16).ok()?);
        at += len;
    }
    let plain = match points[..] {
        [high @ 0xd800..0xdc00, low @ 0xdc00..0xe000] => {
            char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))?.to_string()
        }
        _ => points.into_iter().map(char::from_u32).collect::<Option<String>>()?,
    };
    let len = text.len() - after.len();
    Some((len + usize::from(after.starts_with('>')), plain))
}
