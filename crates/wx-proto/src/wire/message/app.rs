//! App messages ([§11.5](crate::protocol#s11-5)).

use super::fields::{Fields, decoded, id, number, text};
use crate::model::ids::{MediaId, MsgId};
use crate::model::message::app::{AppMessage, MiniProgram};
use crate::model::message::file::FileMessage;
use crate::model::message::kind::MessageKind;
use crate::model::message::quote::Quote;
use crate::wire::{content as texts, xml};

/// Returns the kind of MsgType 49, or `None` if AppMsgType is missing. `content` is decoded. If its
/// XML cannot be read, the other fields are enough.
pub(super) fn kind(fields: &Fields<'_>, content: &str) -> Option<MessageKind> {
    let app_msg_type = number(fields.app_msg_type)?;
    let element = xml::in_message(content, "appmsg");
    let text_of = |name: &str| element.and_then(|element| element.text_of(name));
    let title = Some(decoded(fields.file_name)).filter(|title| !title.is_empty());
    if app_msg_type == 6 {
        return Some(MessageKind::File(Box::new(FileMessage {
            name: title,
            len: text(fields.file_size).trim().parse().ok(),
            media_id: id(fields.media_id).and_then(|id| MediaId::new(id).ok()),
            encry_file_name: Some(text(fields.encry_file_name).into_owned())
                .filter(|name| !name.is_empty()),
            md5: text_of("md5").and_then(|md5| md5.trim().parse().ok()),
        })));
    }
    let title = title.or_else(|| text_of("title")).unwrap_or_default();
    let program = element.and_then(|element| element.find("weappinfo"));
    if let (33 | 36, Some(program)) = (app_msg_type, program) {
        let text = |name: &str| program.text_of(name).unwrap_or_default();
        return Some(MessageKind::MiniProgram(Box::new(MiniProgram {
            title,
            user_name: text("username"),
            app_id: text("appid"),
            page_path: text("pagepath"),
        })));
    }
    let quoted = element.and_then(|element| element.find("refermsg"));
    if let (57, Some(quoted)) = (app_msg_type, quoted) {
        let text = |name: &str| quoted.text_of(name).unwrap_or_default();
        return Some(MessageKind::Quote(Box::new(Quote {
            name: text("displayname"),
            quoted: text("content"),
            reply: title,
            msg_id: MsgId::new(text("svrid")).ok().filter(|id| !id.is_zero()),
            msg_type: text("type").parse().ok(),
        })));
    }
    let app = Box::new(AppMessage {
        app_msg_type,
        title,
        description: text_of("des"),
        // The XML first, because it is unknown how often the field is escaped.
        url: text_of("url")
            .or_else(|| Some(texts::decode(&text(fields.url))).filter(|url| !url.is_empty())),
    });
    Some(match app_msg_type {
        5 => MessageKind::Link(app),
        0 | 19 => MessageKind::ChatHistory(app),
        2000 => MessageKind::Transfer(app),
        2001 => MessageKind::RedPacket(app),
        _ => MessageKind::App(app),
    })
}
