//! The calls that send, and the notice that the client is there.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::account::MALFORMED;
use crate::emulator::Profile;
use crate::hub::{Call, Hub};
use crate::mailbox::{Delivery, Message};
use crate::picture::{Media, Picture};
use crate::random;
use crate::replies::{self, base_response};
use crate::reply::Reply;

/// Sending to oneself, or with the File Transfer Helper to anybody else.
const NO_RECIPIENT: i64 = 1204;

/// What a call sends: the first of `types` is the page's own, `also` is what clients write besides.
struct SendCall {
    types: &'static [u64],
    also: &'static [u64],
    read: fn(&Call, &Hub, &Value) -> Result<Content, i64>,
}

/// What a message consists of.
struct Content {
    text: String,
    media_id: String,
    media: Option<Media>,
}

/// webwxsendmsg; 48 is a location that is forwarded.
pub(super) fn text(call: &Call, hub: &Hub) -> Reply {
    send(call, hub, &SendCall { types: &[1, 48], also: &[], read: read_text })
}

/// webwxsendmsgimg.
pub(super) fn image(call: &Call, hub: &Hub) -> Reply {
    send(call, hub, &SendCall { types: &[3], also: &[], read: read_image })
}

/// webwxsendemoticon: the path decides, one client in use says that it is a text.
pub(super) fn emoticon(call: &Call, hub: &Hub) -> Reply {
    send(call, hub, &SendCall { types: &[47], also: &[1], read: read_emoticon })
}

/// webwxsendvideomsg; 62 is a short video that is forwarded.
pub(super) fn video(call: &Call, hub: &Hub) -> Reply {
    send(call, hub, &SendCall { types: &[43, 62], also: &[], read: read_media })
}

/// webwxsendappmsg: a file that was uploaded, named in XML.
pub(super) fn file(call: &Call, hub: &Hub) -> Reply {
    send(call, hub, &SendCall { types: &[6], also: &[], read: read_file })
}

fn send(call: &Call, hub: &Hub, kind: &SendCall) -> Reply {
    let sent = try_send(call, hub, kind);
    sent.map(Reply::json).unwrap_or_else(|ret| super::refusal(&call.endpoint, ret))
}

fn try_send(call: &Call, hub: &Hub, kind: &SendCall) -> Result<Value, i64> {
    let mut body = super::admit(call, hub)?;
    let msg = body["Msg"].take();
    let word = |key: &str| {
        msg[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or(MALFORMED)
    };
    let (from, to) = (word("FromUserName")?, word("ToUserName")?);
    let client_msg_id = text_or_number(&msg["ClientMsgId"]).ok_or(MALFORMED)?;
    let local_id = text_or_number(&msg["LocalID"]).ok_or(MALFORMED)?;
    check_type(call, hub, kind, &msg)?;
    check_recipient(call, hub, &from, &to)?;
    let Content { text, media_id, media } = (kind.read)(call, hub, &msg)?;
    let (name, picture) = match media {
        Some(Media { picture, name }) => (name, picture),
        None => (String::new(), Arc::new(Picture::new(bytes::Bytes::new()))),
    };
    let message = Message {
        msg_id: random::msg_id().to_string(),
        client_msg_id,
        from,
        to,
        kind: kind.types[0] as u32,
        text,
        media_id,
        name,
        picture: picture.bytes.clone(),
        md5: picture.md5.clone(),
        repeats: 0,
        revoked: false,
    };
    let msg_id = match hub.mailbox().accept(message, picture) {
        Delivery::New(msg_id) | Delivery::Repeat { msg_id, same: true } => msg_id,
        Delivery::Repeat { msg_id, same: false } => {
            hub.violation(&call.endpoint, "one ClientMsgId for two messages");
            msg_id
        }
    };
    Ok(replies::message(0, &msg_id, &local_id))
}

fn check_type(call: &Call, hub: &Hub, kind: &SendCall, msg: &Value) -> Result<(), i64> {
    let said = msg["Type"].as_u64().ok_or(MALFORMED)?;
    if kind.types.contains(&said) {
        return Ok(());
    }
    hub.violation(&call.endpoint, "Type is not the call's");
    if kind.also.contains(&said) { Ok(()) } else { Err(MALFORMED) }
}

fn check_recipient(call: &Call, hub: &Hub, from: &str, to: &str) -> Result<(), i64> {
    let own = &hub.account.user_name;
    if from != own {
        hub.violation(&call.endpoint, "FromUserName is not this account's");
    }
    if to == from || to == own {
        return Err(NO_RECIPIENT);
    }
    if hub.logins().profile == Profile::FileHelper && to != "filehelper" {
        return Err(NO_RECIPIENT);
    }
    if !hub.user_names().any(|name| name == to) {
        hub.violation(&call.endpoint, "ToUserName is no contact of this account");
    }
    Ok(())
}

fn read_text(_: &Call, _: &Hub, msg: &Value) -> Result<Content, i64> {
    let text = msg["Content"].as_str().ok_or(MALFORMED)?.to_owned();
    Ok(Content { text, media_id: String::new(), media: None })
}

fn read_media(_: &Call, hub: &Hub, msg: &Value) -> Result<Content, i64> {
    let media_id = msg["MediaId"].as_str().unwrap_or_default().to_owned();
    let media = hub.gallery().media(&media_id).ok_or(MALFORMED)?;
    Ok(Content { text: String::new(), media_id, media: Some(media) })
}

fn read_image(call: &Call, hub: &Hub, msg: &Value) -> Result<Content, i64> {
    let content = read_media(call, hub, msg)?;
    check_format(call, hub, &content, false);
    Ok(content)
}

fn read_emoticon(call: &Call, hub: &Hub, msg: &Value) -> Result<Content, i64> {
    let content = match (msg["MediaId"].as_str(), msg["EMoticonMd5"].as_str()) {
        (None | Some(""), Some(md5)) => {
            let picture = hub.gallery().with_md5(md5).ok_or(MALFORMED)?;
            let media = Some(Media { picture, name: String::new() });
            Content { text: String::new(), media_id: String::new(), media }
        }
        _ => read_media(call, hub, msg)?,
    };
    check_format(call, hub, &content, true);
    Ok(content)
}

fn check_format(call: &Call, hub: &Hub, content: &Content, is_emoticon: bool) {
    if content.media.as_ref().is_some_and(|media| media.picture.is_gif() != is_emoticon) {
        let what = "a GIF goes by webwxsendemoticon, all else by webwxsendmsgimg";
        hub.violation(&call.endpoint, what);
    }
}

fn read_file(call: &Call, hub: &Hub, msg: &Value) -> Result<Content, i64> {
    let text = msg["Content"].as_str().unwrap_or_default().to_owned();
    let element = |name: &str| {
        let inside = text.split_once(&format!("<{name}>"))?.1;
        inside.split_once(&format!("</{name}>")).map(|(text, _)| text.to_owned())
    };
    let media_id = element("attachid").ok_or(MALFORMED)?;
    let media = hub.gallery().media(&media_id).ok_or(MALFORMED)?;
    if element("totallen") != Some(media.picture.bytes.len().to_string()) {
        hub.violation(&call.endpoint, "totallen is not the file's length");
    }
    let has_title = element("title").is_some_and(|title| !title.is_empty());
    if element("type").as_deref() != Some("6") || !has_title {
        hub.violation(&call.endpoint, "an appmsg without type 6 or without a title");
    }
    Ok(Content { text, media_id, media: Some(media) })
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
    let done = super::admit(call, hub).map(
        |_| json!({ "BaseResponse": base_response(0), "MsgID": random::msg_id().to_string() }),
    );
    done.map(Reply::json).unwrap_or_else(|ret| super::refusal(&call.endpoint, ret))
}
