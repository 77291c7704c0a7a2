//! The kind of a message ([§11.4](crate::protocol#s11-4), [P69](crate::protocol#p69)). There is
//! always a kind, whatever is missing or invalid.

use std::time::Duration;

use super::app;
use super::fields::{Fields, count, decoded, number, text, user_name};
use crate::model::dimensions::Dimensions;
use crate::model::ids::MsgId;
use crate::model::md5::Md5;
use crate::model::message::app::AppMessage;
use crate::model::message::kind::MessageKind;
use crate::model::message::location::Location;
use crate::model::message::notice::{Recall, StatusNotice};
use crate::model::message::person::{ContactCard, FriendRequest};
use crate::model::message::quote::Quote;
use crate::model::secret::Secret;
use crate::wire::content;
use crate::wire::content::quote;
use crate::wire::xml;

/// Returns the kind of a message. `content` is decoded and has no prefix.
pub(super) fn kind(fields: &Fields<'_>, content: &str) -> MessageKind {
    let msg_type = number(fields.msg_type);
    let known = match msg_type {
        Some(1) => Some(text_kind(fields, content)),
        Some(3) => {
            Some(MessageKind::Image { thumbnail: thumbnail(fields), md5: md5(content, "img") })
        }
        Some(34) => {
            let duration = count(fields.voice_length).map(Duration::from_millis);
            Some(MessageKind::Voice { duration })
        }
        Some(37) => friend_request(fields),
        Some(42) => contact_card(fields),
        Some(43 | 62) => Some(MessageKind::Video {
            thumbnail: thumbnail(fields),
            duration: count(fields.play_length).map(Duration::from_secs),
            is_short: msg_type == Some(62),
        }),
        Some(47) => Some(MessageKind::Emoticon {
            of_store: is_of_store(fields),
            md5: md5(content, "emoji"),
        }),
        Some(49) => app::kind(fields, content),
        Some(51) => number(fields.status_notify_code).map(|code| {
            let user_names = text(fields.status_notify_user_name);
            MessageKind::StatusNotice(Box::new(StatusNotice::new(code, &user_names)))
        }),
        Some(10_000) => Some(MessageKind::System),
        Some(10_002) => recall(content),
        _ => None,
    };
    known.unwrap_or(MessageKind::Other { msg_type })
}

/// Returns the kind of MsgType 1, which is not only used for texts.
fn text_kind(fields: &Fields<'_>, content: &str) -> MessageKind {
    if number(fields.sub_msg_type) == Some(48)
        && let Some(location) = location(fields, content)
    {
        return MessageKind::Location(Box::new(location));
    }
    if number(fields.app_msg_type) == Some(2001) {
        let title = content.to_owned();
        let notice = AppMessage { app_msg_type: 2001, title, description: None, url: None };
        return MessageKind::RedPacket(Box::new(notice));
    }
    // The File Transfer Helper recognises emoticons that it cannot show in this way.
    if is_of_store(fields) {
        return MessageKind::Emoticon { of_store: true, md5: None };
    }
    match quote::parts(content) {
        Some(parts) => MessageKind::Quote(Box::new(Quote {
            name: parts.name.to_owned(),
            quoted: parts.quoted.to_owned(),
            reply: parts.reply.to_owned(),
            msg_id: None,
            msg_type: None,
        })),
        None => MessageKind::Text,
    }
}

fn thumbnail(fields: &Fields<'_>) -> Option<Dimensions> {
    Dimensions::from_server(number(fields.img_width), number(fields.img_height))
}

fn is_of_store(fields: &Fields<'_>) -> bool {
    number(fields.has_product_id).is_some_and(|id| id != 0)
}

/// Returns the MD5 in the XML, which many servers replace by an opaque text.
fn md5(content: &str, element: &str) -> Option<Md5> {
    xml::in_message(content, element)?.attribute("md5")?.parse().ok()
}

/// Reads a location ([P68](crate::protocol#p68)). Its Content is `PLACE:<br/>PATH`. If the account
/// itself has sent it to a room, the prefix of the sender is still there.
fn location(fields: &Fields<'_>, content: &str) -> Option<Location> {
    let place = content.rsplit_once(":\n").map_or(content, |(place, _)| place);
    let is_to_room = user_name(fields.to_user_name).is_some_and(|to| to.is_room());
    let place = match place.split_once(":\n") {
        Some((sender, place)) if is_to_room && content::is_sender(sender) => place,
        _ => place,
    };
    let place = place.to_owned();
    let original = text(fields.ori_content);
    let element = xml::in_message(&original, "location");
    let attribute = |name: &str| element.and_then(|element| element.attribute(name));
    let url = text(fields.url);
    let (latitude, longitude) = match (attribute("x"), attribute("y")) {
        (Some(latitude), Some(longitude)) => (latitude, longitude),
        _ => {
            let (_, query) = url.split_once("coord=")?;
            let (latitude, longitude) = query.split(['&', '#']).next()?.split_once(',')?;
            (latitude.to_owned(), longitude.to_owned())
        }
    };
    Some(Location {
        place,
        label: attribute("label"),
        poi_name: attribute("poiname"),
        latitude,
        longitude,
    })
}

fn friend_request(fields: &Fields<'_>) -> Option<MessageKind> {
    let person = fields.person()?;
    Some(MessageKind::FriendRequest(Box::new(FriendRequest {
        user_name: user_name(person.user_name),
        nick_name: decoded(person.nick_name),
        greeting: decoded(person.content),
        ticket: Secret::new(text(person.ticket).into_owned()),
    })))
}

fn contact_card(fields: &Fields<'_>) -> Option<MessageKind> {
    let person = fields.person()?;
    Some(MessageKind::ContactCard(Box::new(ContactCard {
        user_name: user_name(person.user_name),
        nick_name: decoded(person.nick_name),
        is_official: number(person.verify_flag).is_some_and(|flags| flags & 8 != 0),
    })))
}

/// Reads a recall. Other notices of the same MsgType are not read ([P71](crate::protocol#p71)).
fn recall(content: &str) -> Option<MessageKind> {
    let recall = xml::in_message(content, "revokemsg")?;
    let id = recall.text_of("newmsgid").or_else(|| recall.text_of("msgid"))?;
    let id = MsgId::new(id).ok()?;
    let text = recall.text_of("replacemsg").unwrap_or_default();
    let msg_id = Some(id).filter(|id| !id.is_zero());
    Some(MessageKind::Recall(Box::new(Recall { msg_id, text })))
}
