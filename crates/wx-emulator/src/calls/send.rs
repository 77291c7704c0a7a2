//! The calls that send a message.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::{app_msg, forward};
use crate::exchange::call_spec::{
    CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::incoming::{EMOTICON, Incoming};
use crate::model::media::MediaFile;
use crate::model::profile::Profile;
use crate::model::random;
use crate::model::replies::{base_response, escape};
use crate::model::ret::{MALFORMED, NO_RECIPIENT, Ret};
use crate::state::media_store::Media;
use crate::state::message_store::{Delivery, Message};

pub(super) const SEND_TEXT: CallSpec = CallSpec {
    name: "webwxsendmsg",
    methods: &["POST"],
    host: HostRole::Page,
    login: Login::BaseRequest,
    // 48 is a forwarded location.
    handler: Handler::Sync(|call| send(call, &[1, 48], &[], read_text)),
    refusal: Refusal::Ret(|ret| reply(ret, "", "")),
    page: PageRequest {
        check: check_text,
        ..PageRequest::script(
            &["lang?", "pass_ticket?"],
            PageBody::Message(&["Type", "Content", "MsgSource?"]),
        )
    },
};

pub(super) const SEND_IMAGE: CallSpec = CallSpec {
    name: "webwxsendmsgimg",
    handler: Handler::Sync(|call| send(call, &[3], &[], read_image)),
    page: PageRequest {
        fixed: &[("f", &["json"]), ("fun", &["async"])],
        check: check_content,
        ..PageRequest::script(
            &["fun", "f", "lang?", "pass_ticket?"],
            PageBody::Message(&["Type", "MediaId", "Content"]),
        )
    },
    ..SEND_TEXT
};

pub(super) const SEND_VIDEO: CallSpec = CallSpec {
    name: "webwxsendvideomsg",
    // 62 is a forwarded short video.
    handler: Handler::Sync(|call| send(call, &[43, 62], &[], read_video)),
    ..SEND_IMAGE
};

/// Sends an uploaded file, which is described in XML.
pub(super) const SEND_FILE: CallSpec = CallSpec {
    name: "webwxsendappmsg",
    handler: Handler::Sync(|call| send(call, &[6], &[], read_file)),
    page: PageRequest {
        fixed: &[("f", &["json"]), ("fun", &["async"])],
        ..PageRequest::script(
            &["fun", "f", "lang?", "pass_ticket?"],
            PageBody::Message(&["Signature?", "AESKey?", "Type", "Content"]),
        )
    },
    ..SEND_TEXT
};

pub(super) const SEND_EMOTICON: CallSpec = CallSpec {
    name: "webwxsendemoticon",
    // The path decides, because a released client sends the type of a text.
    handler: Handler::Sync(|call| send(call, &[47], &[1], read_emoticon)),
    page: PageRequest {
        fixed: &[("fun", &["sys"])],
        check: check_emoji_flag,
        // The emoticon is an upload or is named by its MD5. A forwarded one has no flag.
        ..PageRequest::script(
            &["fun", "lang?", "pass_ticket?"],
            PageBody::Message(&["Type", "EmojiFlag?", "MediaId?", "EMoticonMd5?"]),
        )
    },
    ..SEND_TEXT
};

/// Reads the content of a `Msg`.
type Read = fn(&ReceivedCall<'_>, &Value) -> Result<Content, Ret>;

/// The content of a message.
struct Content {
    text: String,
    media_id: String,
    media: Option<Media>,
}

/// Stores a message. Its `Type` must be one of `types`, which the page sends, or of `accepted`. All
/// of `types` but the first are those of forwarded messages.
fn send(call: &ReceivedCall<'_>, types: &[u64], accepted: &[u64], read: Read) -> Outcome {
    let msg = &call.json.as_ref().ok_or(MALFORMED)?["Msg"];
    let word = |key: &str| {
        msg[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned).ok_or(MALFORMED)
    };
    let (from, to) = (word("FromUserName")?, word("ToUserName")?);
    let client_msg_id = text_or_number(&msg["ClientMsgId"]).ok_or(MALFORMED)?;
    let local_id = text_or_number(&msg["LocalID"]).ok_or(MALFORMED)?;
    let kind = check_type(call, types, accepted, msg)?;
    check_recipient(call, &from, &to)?;
    let Content { text, media_id, media } = read(call, msg)?;
    let Media { file, name, .. } = media.unwrap_or_else(|| Media {
        file: Arc::new(MediaFile::new(bytes::Bytes::new())),
        name: String::new(),
        mediatype: String::new(),
    });
    if kind == u64::from(EMOTICON) {
        call.state.media().add_emoticon(Arc::clone(&file));
    }
    let message = Message {
        msg_id: random::msg_id().to_string(),
        client_msg_id,
        from,
        to_name: call.state.nick_name(&to),
        to,
        kind: kind as u32,
        forwarded: forward::is_forwarded(call),
        text,
        media_id,
        name,
        media: file.bytes.clone(),
        md5: file.md5.clone(),
        repeats: 0,
        revoked: false,
        accepted_at: Instant::now(),
    };
    let accepted_as = call.state.messages().accept(message.clone(), file);
    if let Delivery::New(_) = &accepted_as {
        call.state.report_message(&message);
        if call.state.options.echoes {
            call.state.deliver(copy(&message));
        }
    }
    let msg_id = match accepted_as {
        Delivery::New(msg_id) | Delivery::Repeat { msg_id, same: true } => msg_id,
        Delivery::Repeat { msg_id, same: false } => {
            call.violation("the same ClientMsgId for two messages");
            msg_id
        }
    };
    Ok(reply(0, &msg_id, &local_id))
}

/// Returns the copy of a sent message that webwxsync delivers.
fn copy(message: &Message) -> Incoming {
    let incoming = match message.kind {
        1 => Incoming::text(escape(&message.text)),
        3 | 47 => Incoming::image(message.media.clone()),
        43 => Incoming::video(message.media.clone()),
        62 => Incoming::video(message.media.clone()).with("MsgType", 62),
        48 => Incoming::text("").with("SubMsgType", 48).with("OriContent", &*message.text),
        _ => Incoming::file(&message.name, message.media.clone()),
    };
    incoming
        .with("MsgId", message.msg_id.as_str())
        .with("FromUserName", message.from.as_str())
        .with("ToUserName", message.to.as_str())
}

fn reply(ret: Ret, msg_id: &str, local_id: &str) -> Reply {
    Reply::json(json!({
        "BaseResponse": base_response(ret),
        "MsgID": msg_id,
        "LocalID": local_id,
    }))
}

fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the kind of the message.
fn check_type(
    call: &ReceivedCall<'_>,
    types: &[u64],
    accepted: &[u64],
    msg: &Value,
) -> Result<u64, Ret> {
    let sent = msg["Type"].as_u64().ok_or(MALFORMED)?;
    if types.contains(&sent) {
        if sent != types[0] && !forward::is_forwarded(call) {
            call.violation("a Type that only forwarded messages have");
        }
        return Ok(sent);
    }
    call.violation("Type is not the call's");
    if accepted.contains(&sent) { Ok(types[0]) } else { Err(MALFORMED) }
}

fn check_recipient(call: &ReceivedCall<'_>, from: &str, to: &str) -> Result<(), Ret> {
    let own_name = &call.state.account.user_name;
    if from != own_name {
        call.violation("FromUserName is not this account's");
    }
    if to == from || to == own_name {
        return Err(NO_RECIPIENT);
    }
    if call.state.logins().profile == Profile::FileHelper && to != "filehelper" {
        return Err(NO_RECIPIENT);
    }
    // The server was seen to refuse a message to somebody who is no friend.
    if call.state.user_names().any(|name| name == to) { Ok(()) } else { Err(NO_RECIPIENT) }
}

fn read_text(call: &ReceivedCall<'_>, msg: &Value) -> Result<Content, Ret> {
    let text = msg["Content"].as_str().ok_or(MALFORMED)?.to_owned();
    if forward::is_forwarded(call) {
        forward::check_text(call, msg);
    }
    Ok(Content { text, media_id: String::new(), media: None })
}

fn read_media(call: &ReceivedCall<'_>, msg: &Value) -> Result<Content, Ret> {
    let media_id = msg["MediaId"].as_str().unwrap_or_default().to_owned();
    let media = call.state.media().media(&media_id).ok_or(MALFORMED)?;
    Ok(Content { text: String::new(), media_id, media: Some(media) })
}

/// Reads an upload, or a forwarded message that is named by its content.
fn read_media_or_forward(call: &ReceivedCall<'_>, msg: &Value) -> Result<Content, Ret> {
    if !forward::is_forwarded(call) {
        return read_media(call, msg);
    }
    let media = Some(forward::media(call, msg)?);
    let text = msg["Content"].as_str().unwrap_or_default().to_owned();
    Ok(Content { text, media_id: String::new(), media })
}

fn read_image(call: &ReceivedCall<'_>, msg: &Value) -> Result<Content, Ret> {
    let content = read_media_or_forward(call, msg)?;
    check_mediatype(call, &content, "pic");
    check_format(call, &content, false);
    Ok(content)
}

fn read_video(call: &ReceivedCall<'_>, msg: &Value) -> Result<Content, Ret> {
    let content = read_media_or_forward(call, msg)?;
    check_mediatype(call, &content, "video");
    if content.media.as_ref().is_some_and(|media| !media.file.is_video()) {
        call.violation("webwxsendvideomsg of a file that is no video");
    }
    Ok(content)
}

fn read_emoticon(call: &ReceivedCall<'_>, msg: &Value) -> Result<Content, Ret> {
    let content = match (msg["MediaId"].as_str(), msg["EMoticonMd5"].as_str()) {
        (None | Some(""), Some(md5)) => {
            let file = call.state.media().emoticon(md5).ok_or(MALFORMED)?;
            let media = Some(Media { file, name: String::new(), mediatype: String::new() });
            Content { text: String::new(), media_id: String::new(), media }
        }
        (Some(_), Some(_)) => {
            call.violation("MediaId and EMoticonMd5 in one message");
            read_media(call, msg)?
        }
        _ => read_media(call, msg)?,
    };
    check_mediatype(call, &content, "doc");
    check_format(call, &content, true);
    Ok(content)
}

fn read_file(call: &ReceivedCall<'_>, msg: &Value) -> Result<Content, Ret> {
    let text = msg["Content"].as_str().unwrap_or_default().to_owned();
    let element = |name: &str| {
        let inside = text.split_once(&format!("<{name}>"))?.1;
        inside.split_once(&format!("</{name}>")).map(|(text, _)| text.to_owned())
    };
    let media_id = element("attachid").ok_or(MALFORMED)?;
    let media = call.state.media().media(&media_id).ok_or(MALFORMED)?;
    check_ticket(call, msg, &media.file)?;
    if forward::is_forwarded(call) {
        forward::check_file(call, &media_id);
    }
    if element("totallen") != Some(media.file.bytes.len().to_string()) {
        call.violation("totallen is not the file's length");
    }
    let has_title = element("title").is_some_and(|title| !title.is_empty());
    if element("type").as_deref() != Some("6") || !has_title {
        call.violation("an appmsg without type 6 or without a title");
    }
    // The page rebuilds the XML of a message that it forwards.
    let len = media.file.bytes.len();
    if !app_msg::is_official(&text, &media.name, len, &media_id) {
        call.violation("Content is not the page's XML of the file");
    }
    let content = Content { text, media_id, media: Some(media) };
    check_mediatype(call, &content, "doc");
    Ok(content)
}

/// Checks that the message of a large file carries the values of webwxcheckupload.
fn check_ticket(call: &ReceivedCall<'_>, msg: &Value, file: &MediaFile) -> Result<(), Ret> {
    let is_helper = call.state.logins().profile == Profile::FileHelper;
    if !is_helper && !msg["AESKey"].is_null() {
        call.violation("AESKey in a message, which the page does not send");
    }
    if file.bytes.len() as u64 <= call.state.options.checked_above {
        if !msg["Signature"].is_null() || is_helper && !msg["AESKey"].is_null() {
            call.violation("a ticket for a file that is small enough to be sent without one");
        }
        return Ok(());
    }
    let uploads = call.state.uploads();
    let ticket = uploads.ticket(&file.md5).ok_or(MALFORMED)?;
    let is_signed = msg["Signature"] == ticket.signature.as_str();
    let has_key = !is_helper || msg["AESKey"] == ticket.aes_key.as_str();
    if is_signed && has_key { Ok(()) } else { Err(MALFORMED) }
}

/// Checks that the file was uploaded as what it is sent as. The page decides both by the extension;
/// other clients send an image as a file on request, which is uploaded like any other file.
fn check_mediatype(call: &ReceivedCall<'_>, content: &Content, official: &str) {
    let uploaded = content.media.as_ref().map_or("", |media| &media.mediatype);
    if !uploaded.is_empty() && uploaded != official {
        call.violation(format!("a file whose mediatype is not {official}"));
    }
}

fn check_format(call: &ReceivedCall<'_>, content: &Content, is_emoticon: bool) {
    if content.media.as_ref().is_some_and(|media| media.file.is_gif() != is_emoticon) {
        let what = "GIFs are sent by webwxsendemoticon, other images by webwxsendmsgimg";
        call.violation(what);
    }
}

fn check_text(call: &ReceivedCall<'_>) {
    let Some(msg) = call.posted_json().map(|body| &body["Msg"]) else { return };
    if msg["Content"] == "" {
        call.violation("Content is empty");
    }
    if !msg["MsgSource"].is_null() && !notifies_members(call, msg) {
        call.violation("MsgSource does not name members of the room that it is sent to");
    }
}

/// Returns whether `MsgSource` names members of the room that receives the message.
fn notifies_members(call: &ReceivedCall<'_>, msg: &Value) -> bool {
    let room = msg["ToUserName"].as_str().unwrap_or_default();
    let end = format!("</atusername><atchatroomname>{room}</atchatroomname></msgsource>");
    let members = msg["MsgSource"].as_str().and_then(|source| {
        source.strip_prefix("<msgsource><atusername>")?.strip_suffix(end.as_str())
    });
    let is_member = |name: &str| call.state.member_of(room, name).is_some();
    members.is_some_and(|members| members.split(',').all(is_member))
}

/// Checks the `Content` of a message that the page composes. A forwarded message (Scene 2) keeps
/// its own.
fn check_content(call: &ReceivedCall<'_>) {
    let Some(body) = call.posted_json().filter(|body| body["Scene"] != 2) else { return };
    match &body["Msg"]["Content"] {
        Value::Null => call.violation("Content is absent or null"),
        Value::String(text) if text.is_empty() => {}
        _ => call.violation("Content is not empty"),
    }
}

fn check_emoji_flag(call: &ReceivedCall<'_>) {
    let Some(msg) = call.posted_json().map(|body| &body["Msg"]) else { return };
    match forward::is_forwarded(call) {
        true if !msg["EmojiFlag"].is_null() => call.violation("EmojiFlag in a forwarded emoticon"),
        true if !msg["MediaId"].is_null() => call.violation("MediaId in a forwarded emoticon"),
        false if msg["EmojiFlag"] != 2 => call.violation("EmojiFlag is not 2"),
        true | false => {}
    }
}
