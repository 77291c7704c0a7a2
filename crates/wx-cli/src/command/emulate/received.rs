//! Shows what clients send to the emulator, as the other side would see it.

use serde_json::json;
use wx_emulator::Message;

use crate::out;

/// Prints a message that a client has sent or revoked, without its text and its bytes.
pub(super) fn tell(message: &Message, as_json: bool) {
    let kind = kind(message.kind);
    let is_text = message.media_id.is_empty() && message.media.is_empty();
    let bytes = if is_text { message.text.len() } else { message.media.len() };
    let file_name = Some(message.name.as_str()).filter(|name| !name.is_empty());
    let event = if message.revoked { "revoked" } else { "received" };
    if as_json {
        return out::json(&json!({
            "event": event, "kind": kind, "msg_id": message.msg_id, "to_name": message.to_name,
            "file_name": file_name, "bytes": bytes,
        }));
    }
    let name = file_name.map(|name| format!(" {name}")).unwrap_or_default();
    let (to, msg_id) = (&message.to_name, &message.msg_id);
    out::line(format!("{event} {kind}{name} to {to}: MsgID {msg_id}, {bytes} bytes"));
}

/// Returns the kind as events name it.
fn kind(msg_type: u32) -> &'static str {
    match msg_type {
        1 => "text",
        3 => "image",
        6 => "file",
        43 | 62 => "video",
        47 => "emoticon",
        48 => "location",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p87_forwarded_locations_and_short_videos_have_their_kind() {
        assert_eq!([48, 62, 9999].map(kind), ["location", "video", "other"]);
    }
}
