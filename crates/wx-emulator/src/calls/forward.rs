//! Forwarded messages: their content has to be that of a message that the account has received or
//! sent.

use serde_json::Value;

use crate::exchange::received_call::ReceivedCall;
use crate::model::received_text::decoded;
use crate::model::ret::{MALFORMED, Ret};
use crate::state::media_store::Media;
use crate::state::message_store::{MessageStore, Waiting};

/// The `Type` of a forwarded location, and the `SubMsgType` of a received one.
const LOCATION: u32 = 48;

/// The types of received messages that are forwarded by their `Content`.
const FORWARDED_MEDIA: [u64; 3] = [3, 43, 62];

/// Returns whether the message that a call sends is forwarded.
pub(super) fn is_forwarded(call: &ReceivedCall<'_>) -> bool {
    call.posted_json().is_some_and(|body| body["Scene"] == 2)
}

/// Returns the file of a forwarded image or video, which its `Content` names. It has to be that of
/// a message of the `Type` that is sent.
pub(super) fn media(call: &ReceivedCall<'_>, msg: &Value) -> Result<Media, Ret> {
    let content = msg["Content"].as_str().filter(|text| !text.is_empty()).ok_or(MALFORMED)?;
    let messages = call.state.messages();
    let named = received(&messages).filter_map(|message| {
        let file = messages.media_of(message["MsgId"].as_str()?, &FORWARDED_MEDIA)?;
        is_content_of(content, message).then_some((message, file))
    });
    // Messages of several types can have the same opaque text.
    let (original, file) =
        named.min_by_key(|(message, _)| message["MsgType"] != msg["Type"]).ok_or(MALFORMED)?;
    let differs = |key: &str, theirs: &str| msg[key] != original[theirs];
    let (other_media_id, other_type) = (differs("MediaId", "MediaId"), differs("Type", "MsgType"));
    drop(messages);
    if other_media_id {
        call.violation("MediaId is not that of the forwarded message");
    }
    if other_type {
        call.violation("Type is not that of the forwarded message");
    }
    Ok(Media { file, name: String::new(), mediatype: String::new() })
}

/// Checks a forwarded text or location.
pub(super) fn check_text(call: &ReceivedCall<'_>, msg: &Value) {
    let content = msg["Content"].as_str().unwrap_or_default();
    let is_known = {
        let messages = call.state.messages();
        let mut sent = messages.messages.iter();
        let is_sent = sent.any(|sent| msg["Type"] == sent.kind && sent.text == content);
        is_sent
            || received(&messages).any(|message| {
                let is_location = message["SubMsgType"] == LOCATION;
                match msg["Type"] == LOCATION {
                    true => is_location && message["OriContent"] == content,
                    false => {
                        !is_location && message["MsgType"] == 1 && is_content_of(content, message)
                    }
                }
            })
    };
    if !is_known {
        call.violation("a forwarded Content that is that of no message");
    }
    if !msg["MsgSource"].is_null() {
        call.violation("MsgSource in a forwarded message");
    }
}

/// Checks the MediaId of a forwarded file.
pub(super) fn check_file(call: &ReceivedCall<'_>, media_id: &str) {
    let is_known = {
        let messages = call.state.messages();
        messages.incoming_file(media_id).is_some()
            || messages.messages.iter().any(|sent| sent.kind == 6 && sent.media_id == media_id)
    };
    if !is_known {
        call.violation("a forwarded file that is that of no message");
    }
}

fn received(messages: &MessageStore) -> impl Iterator<Item = &Value> {
    messages.incoming.iter().filter_map(|waiting| match waiting {
        Waiting::Message { message, .. } => Some(message),
        Waiting::Changed(_) | Waiting::Removed(_) => None,
    })
}

/// Returns whether `content` is the decoded `Content` of a message, without the prefix in rooms. A
/// line break may have any form.
fn is_content_of(content: &str, message: &Value) -> bool {
    let received = message["Content"].as_str().unwrap_or_default();
    let from = message["FromUserName"].as_str().unwrap_or_default();
    let received = match received.split_once(":<br/>") {
        Some((_, text)) if from.starts_with("@@") => text,
        _ => received,
    };
    let with_line_breaks = |text: &str| text.replace("<br/>", "\n");
    with_line_breaks(content) == with_line_breaks(&decoded(received))
}
