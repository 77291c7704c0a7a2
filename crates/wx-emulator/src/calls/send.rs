//! The calls that send: pictures, emoticons, text, and the notice that the client is there.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::account::MALFORMED;
use crate::answers::{self, base_response};
use crate::emulator::Profile;
use crate::hub::{Call, Hub};
use crate::mailbox::{Delivery, Mailbox, Message};
use crate::picture::Media;
use crate::random;
use crate::reply::Reply;

/// Sending to oneself, or with the File Transfer Helper to anybody else.
const NO_RECIPIENT: i64 = 1204;

/// Who, to whom, and under which id: what all messages have.
struct Envelope {
    from: String,
    to: String,
    client_msg_id: String,
    local_id: String,
}

/// webwxsendmsgimg (`kind` 3) and webwxsendemoticon (`kind` 47).
pub(super) fn picture(call: &Call, hub: &Hub, kind: u32) -> Reply {
    finish(call, try_picture(call, hub, kind))
}

/// webwxsendappmsg: a file that was uploaded, named in XML.
pub(super) fn file(call: &Call, hub: &Hub) -> Reply {
    finish(call, try_file(call, hub))
}

fn try_file(call: &Call, hub: &Hub) -> Result<Value, i64> {
    let (envelope, msg) = open(call, hub, 6)?;
    let content = msg["Content"].as_str().unwrap_or_default();
    let element = |name: &str| {
        let inside = content.split_once(&format!("<{name}>"))?.1;
        inside.split_once(&format!("</{name}>")).map(|(text, _)| text.to_owned())
    };
    let media_id = element("attachid").ok_or(MALFORMED)?;
    let media = hub.gallery().media(&media_id).ok_or(MALFORMED)?;
    let violation = |what: &str| hub.violation(&call.endpoint, what);
    if element("totallen") != Some(media.picture.bytes.len().to_string()) {
        violation("totallen is not the file's length");
    }
    if element("type").as_deref() != Some("6") || element("title").is_none_or(|title| title.is_empty()) {
        violation("an appmsg without type 6 or without a title");
    }
    let what = format!("6 {media_id} {} {}", media.picture.md5, envelope.to);
    Ok(keep(call, hub, envelope, &what, 6, media_id, media))
}

/// webwxsendmsg: answered, and not kept.
pub(super) fn text(call: &Call, hub: &Hub) -> Reply {
    let sent = open(call, hub, 1).map(|(envelope, msg)| {
        let what = msg["Content"].to_string();
        let (msg_id, _) = deliver(call, hub, &envelope, &what);
        answers::message(0, &msg_id, &envelope.local_id)
    });
    finish(call, sent)
}

fn finish(call: &Call, sent: Result<Value, i64>) -> Reply {
    sent.map(Reply::json).unwrap_or_else(|ret| super::refusal(&call.endpoint, ret))
}

fn try_picture(call: &Call, hub: &Hub, kind: u32) -> Result<Value, i64> {
    let (envelope, msg) = open(call, hub, kind)?;
    let media_id = msg["MediaId"].as_str().unwrap_or_default();
    let media = match (media_id, msg["EMoticonMd5"].as_str()) {
        ("", Some(md5)) if kind == 47 => {
            hub.gallery().with_md5(md5).map(|picture| Media { picture, name: String::new() })
        }
        _ => hub.gallery().media(media_id),
    };
    let media = media.ok_or(MALFORMED)?;
    let picture = &media.picture;
    if picture.is_gif() != (kind == 47) {
        hub.violation(&call.endpoint, "a GIF goes by webwxsendemoticon, all else by webwxsendmsgimg");
    }
    let what = format!("{kind} {media_id} {} {}", picture.md5, envelope.to);
    Ok(keep(call, hub, envelope, &what, kind, media_id.to_owned(), media))
}

/// Delivers a message with an upload, and answers it.
fn keep(
    call: &Call,
    hub: &Hub,
    envelope: Envelope,
    what: &str,
    kind: u32,
    media_id: String,
    media: Media,
) -> Value {
    let (msg_id, mailbox) = deliver(call, hub, &envelope, what);
    let answer = answers::message(0, &msg_id, &envelope.local_id);
    if let Some(mut mailbox) = mailbox {
        let Media { picture, name } = media;
        let message = Message {
            msg_id,
            client_msg_id: envelope.client_msg_id,
            from: envelope.from,
            to: envelope.to,
            kind,
            media_id,
            name,
            picture: picture.bytes.clone(),
            md5: picture.md5.clone(),
        };
        mailbox.store(message, Arc::clone(&picture));
    }
    answer
}

/// Checks what all messages have, and gives it with `Msg`.
fn open(call: &Call, hub: &Hub, kind: u32) -> Result<(Envelope, Value), i64> {
    let mut body = super::admit(call, hub)?;
    let msg = body["Msg"].take();
    let word =
        |key: &str| msg[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or(MALFORMED);
    let envelope = Envelope {
        from: word("FromUserName")?,
        to: word("ToUserName")?,
        client_msg_id: text_or_number(&msg["ClientMsgId"]).ok_or(MALFORMED)?,
        local_id: text_or_number(&msg["LocalID"]).ok_or(MALFORMED)?,
    };
    if msg["Type"].as_u64() != Some(kind.into()) {
        return Err(MALFORMED);
    }
    if envelope.from != hub.account.user_name {
        hub.violation(&call.endpoint, "FromUserName is not this account's");
    }
    if envelope.to == envelope.from || envelope.to == hub.account.user_name {
        return Err(NO_RECIPIENT);
    }
    if hub.logins().profile == Profile::FileHelper && envelope.to != "filehelper" {
        return Err(NO_RECIPIENT);
    }
    if !hub.user_names().any(|name| name == envelope.to) {
        hub.violation(&call.endpoint, "ToUserName is no contact of this account");
    }
    Ok((envelope, msg))
}

/// The MsgID, and the mailbox to store the message in if its id is a new one.
fn deliver<'a>(
    call: &Call,
    hub: &'a Hub,
    envelope: &Envelope,
    what: &str,
) -> (String, Option<std::sync::MutexGuard<'a, Mailbox>>) {
    let mut mailbox = hub.mailbox();
    match mailbox.deliver(&envelope.from, &envelope.client_msg_id, what) {
        Delivery::New(msg_id) => (msg_id, Some(mailbox)),
        Delivery::Repeat { msg_id, same } => {
            if !same {
                hub.violation(&call.endpoint, "one ClientMsgId for two messages");
            }
            (msg_id, None)
        }
    }
}

fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// webwxstatusnotify.
pub(super) fn status_notify(call: &Call, hub: &Hub) -> Reply {
    let done = super::admit(call, hub)
        .map(|_| json!({ "BaseResponse": base_response(0), "MsgID": random::msg_id().to_string() }));
    finish(call, done)
}
