//! A message in the JSON of webwxsync ([§8.9](crate::protocol#s8-9), [P57](crate::protocol#p57),
//! [P58](crate::protocol#p58)).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::list::Element;
use super::{entities, lenient, repair};
use crate::model::dimensions::Dimensions;
use crate::model::ids::{MsgId, UserName};
use crate::model::message::{Message, MessageKind};
use crate::model::unix_ms::UnixMs;

/// The relevant fields of a message. Each is parsed separately, so that an invalid one affects no
/// other one. All are optional, because an error for a missing one would allocate a message.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields<'a> {
    #[serde(borrow)]
    msg_id: Option<&'a RawValue>,
    #[serde(borrow)]
    msg_type: Option<&'a RawValue>,
    #[serde(borrow)]
    from_user_name: Option<&'a RawValue>,
    #[serde(borrow)]
    to_user_name: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    create_time: Option<&'a RawValue>,
    #[serde(borrow)]
    app_msg_type: Option<&'a RawValue>,
    #[serde(borrow)]
    img_width: Option<&'a RawValue>,
    #[serde(borrow)]
    img_height: Option<&'a RawValue>,
    #[serde(borrow)]
    has_product_id: Option<&'a RawValue>,
    #[serde(borrow)]
    file_name: Option<&'a RawValue>,
    #[serde(borrow)]
    file_size: Option<&'a RawValue>,
}

fn text(json: Option<&RawValue>) -> Cow<'_, str> {
    json.and_then(lenient::text_of).unwrap_or_default()
}

fn number(json: Option<&RawValue>) -> Option<i64> {
    text(json).trim().parse().ok()
}

/// Returns the text of an id, or `None` if it is damaged and therefore ambiguous.
fn id(json: Option<&RawValue>) -> Option<Cow<'_, str>> {
    Some(text(json)).filter(|text| !repair::is_damaged(text))
}

impl Element for Message {
    /// Unknown messages become [`MessageKind::Other`]. Returns `None` if an id is damaged, or if
    /// MsgId, MsgType or FromUserName is missing.
    fn from_json(json: &RawValue) -> Option<Self> {
        let fields: Fields<'_> = serde_json::from_str(json.get()).ok()?;
        let name = |json| Some(UserName::new(id(json)?).ok());
        let (msg_id, msg_type) = (fields.msg_id?, fields.msg_type?);
        let from = name(Some(fields.from_user_name?))?;
        let (sender, content) = decode(&text(fields.content), from.as_ref());
        let id = MsgId::new(id(Some(msg_id))?).ok().filter(|id| !id.is_zero());
        let thumbnail =
            || Dimensions::from_server(number(fields.img_width), number(fields.img_height));
        let kind = match (number(Some(msg_type)), number(fields.app_msg_type), &id) {
            (Some(3), _, Some(_)) => MessageKind::Image { thumbnail: thumbnail() },
            (Some(47), _, Some(_)) => MessageKind::Emoticon {
                of_store: number(fields.has_product_id).is_some_and(|id| id != 0),
            },
            (Some(43 | 62), _, Some(_)) => MessageKind::Video { thumbnail: thumbnail() },
            (Some(49), Some(6), Some(_)) => {
                let name = Some(text(fields.file_name)).filter(|name| !name.is_empty());
                let name = name.map(|name| entities::decode(&name));
                MessageKind::File { name, len: text(fields.file_size).trim().parse().ok() }
            }
            (msg_type, ..) => MessageKind::Other { msg_type, json: json.get().to_owned() },
        };
        let seconds = number(fields.create_time).and_then(|time| u64::try_from(time).ok());
        Some(Self {
            id,
            to: name(fields.to_user_name)?,
            sent_at: seconds.map(UnixMs::from_secs),
            from,
            sender,
            kind,
            content,
        })
    }
}

/// Returns the room member in the prefix of a text, and the rest of the text, decoded
/// ([P58](crate::protocol#p58)).
fn decode(content: &str, from: Option<&UserName>) -> (Option<UserName>, String) {
    if from.is_some_and(UserName::is_room)
        && let Some((name, rest)) = content.split_once(":<br/>")
        && name.starts_with('@')
        && !name.contains(char::is_whitespace)
        && !repair::is_damaged(name)
        && let Ok(sender) = UserName::new(name)
    {
        return (Some(sender), entities::decode_with_breaks(rest));
    }
    (None, entities::decode_with_breaks(content))
}

#[cfg(test)]
mod tests;
