//! A message in the JSON of webwxsync ([§8.9](crate::protocol#s8-9), [§11](crate::protocol#s11),
//! [P57](crate::protocol#p57), [P69](crate::protocol#p69)).

mod app;
mod attachment;
mod fields;
mod forward;
mod kind;

use serde_json::value::RawValue;

use self::fields::{Fields, id, number, text};
use super::content;
use super::list::Element;
use crate::model::ids::{MsgId, UserName};
use crate::model::message::Message;
use crate::model::message::kind::MessageKind;
use crate::model::message::raw::RawMessage;
use crate::model::unix_ms::UnixMs;

impl Element for Message {
    /// Unknown messages become [`MessageKind::Other`]. Returns `None` if an id is damaged, or if
    /// MsgId, MsgType or FromUserName is missing.
    fn from_json(json: &RawValue) -> Option<Self> {
        let fields: Fields<'_> = serde_json::from_str(json.get()).ok()?;
        let name = |json| Some(UserName::new(id(json)?).ok());
        let (msg_id, _) = (fields.msg_id?, fields.msg_type?);
        let from = name(Some(fields.from_user_name?))?;
        let id = MsgId::new(id(Some(msg_id))?).ok().filter(|id| !id.is_zero());
        let received = text(fields.content);
        let (sender, received) = split_sender(&received, from.as_ref());
        let mut content = content::decode(received);
        let kind = kind::kind(&fields, &content);
        if kind == MessageKind::System {
            content = content::without_links(&content);
        }
        let seconds = number(fields.create_time).and_then(|time| u64::try_from(time).ok());
        Some(Self {
            id,
            to: name(fields.to_user_name)?,
            sent_at: seconds.map(UnixMs::from_secs),
            from,
            sender,
            kind,
            content,
            raw: RawMessage::new(json.get()),
        })
    }
}

/// Splits off the room member that sent a text ([P67](crate::protocol#p67)). Only texts that arrive
/// from a room have this prefix, not those that the account itself sends to it.
fn split_sender<'a>(content: &'a str, from: Option<&UserName>) -> (Option<UserName>, &'a str) {
    if from.is_some_and(UserName::is_room)
        && let Some((name, text)) = content::split_sender(content)
        && let Ok(sender) = UserName::new(name)
    {
        return (Some(sender), text);
    }
    (None, content)
}

impl RawMessage {
    /// Returns Content as it was received, with its prefix and its escapes, for which the caller is
    /// responsible. It is empty if there is none.
    #[must_use]
    pub fn expose_content(&self) -> String {
        let fields: Option<Fields<'_>> = serde_json::from_str(self.expose()).ok();
        fields.map(|fields| text(fields.content).into_owned()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
