//! A message as webwxsync delivers it (`docs/protocol.md` §8.9, P57, P58).

use serde_json::Value;

use crate::wire::{entities, lenient};
use crate::{ImageSize, MsgId, UserName};

/// A message. Only the server's word is behind any of it: names and texts are what strangers chose, so do not print them
/// raw.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The server's id, by which its picture is fetched; `0` if it gave none that is one.
    pub id: MsgId,
    /// Who sent it, or the room that it came in; the account itself if it was sent elsewhere.
    pub from: Option<UserName>,
    /// Whom it went to.
    pub to: Option<UserName>,
    /// Who in the room sent it.
    pub sender: Option<UserName>,
    /// When it was sent, in Unix seconds; 0 if not known.
    pub unix_s: u64,
    /// What it is.
    pub kind: Kind,
    /// Its text or XML, decoded, without the room's prefix.
    pub content: String,
}

/// What matters of a message to whoever is after pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A picture (MsgType 3).
    Picture {
        /// Width and height of its thumbnail.
        thumbnail: Option<(u32, u32)>,
    },
    /// An emoticon (MsgType 47).
    Emoticon {
        /// Whether it is of the store: those cannot be fetched by anyone (§3.2).
        of_store: bool,
    },
    /// A video (MsgType 43 or 62), of which there is a cover.
    Video {
        /// Width and height of the cover.
        thumbnail: Option<(u32, u32)>,
    },
    /// A file (MsgType 49, AppMsgType 6).
    File {
        /// Its name, as the sender chose it: no path to be trusted.
        name: String,
        /// Its length in bytes, if the server says.
        len: Option<u64>,
    },
    /// Anything else.
    Other {
        /// MsgType.
        msg_type: i64,
        /// The whole message, as JSON.
        json: String,
    },
}

impl Message {
    /// What it does not understand becomes [`Kind::Other`].
    pub(crate) fn of_json(json: Value) -> Self {
        let text = |key: &str| lenient::text_of(&json[key]);
        let number = |key: &str| lenient::text_of(&json[key]).trim().parse::<i64>().ok();
        let name = |key: &str| UserName::new(text(key)).ok();
        let from = name("FromUserName");
        let (sender, content) = decode(&text("Content"), from.as_ref());
        let id = MsgId::new(text("MsgId")).ok().filter(|id| !id.is_zero());
        let side = |key: &str| number(key).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
        let thumbnail = || side("ImgWidth").zip(side("ImgHeight"));
        let kind = match (number("MsgType"), number("AppMsgType"), &id) {
            (Some(3), _, Some(_)) => Kind::Picture { thumbnail: thumbnail() },
            (Some(47), _, Some(_)) => {
                Kind::Emoticon { of_store: number("HasProductId").is_some_and(|id| id != 0) }
            }
            (Some(43 | 62), _, Some(_)) => Kind::Video { thumbnail: thumbnail() },
            (Some(49), Some(6), Some(_)) => {
                let name = entities::decode(&text("FileName"));
                Kind::File { name, len: text("FileSize").trim().parse().ok() }
            }
            (msg_type, ..) => Kind::Other { msg_type: msg_type.unwrap_or_default(), json: json.to_string() },
        };
        Self {
            id: id.unwrap_or_else(MsgId::zero),
            to: name("ToUserName"),
            unix_s: number("CreateTime").and_then(|time| u64::try_from(time).ok()).unwrap_or_default(),
            from,
            sender,
            kind,
            content,
        }
    }

    /// Which of its pictures there is to fetch, if any: a video's cover is its thumbnail.
    #[must_use]
    pub fn picture(&self) -> Option<ImageSize> {
        match self.kind {
            Kind::Picture { .. } => Some(ImageSize::Original),
            Kind::Emoticon { of_store: false } => Some(ImageSize::Emoticon),
            Kind::Video { .. } => Some(ImageSize::Thumbnail),
            Kind::Emoticon { of_store: true } | Kind::File { .. } | Kind::Other { .. } => None,
        }
    }
}

/// The room member that a text names in front, and the text without it, decoded (P58).
fn decode(content: &str, from: Option<&UserName>) -> (Option<UserName>, String) {
    // An escaped line break is part of the text, so those of the server come first.
    let text = |raw: &str| entities::decode(&raw.replace("<br/>", "\n"));
    if from.is_some_and(UserName::is_room)
        && let Some((name, rest)) = content.split_once(":<br/>")
        && name.starts_with('@')
        && let Ok(sender) = UserName::new(name)
    {
        return (Some(sender), text(rest));
    }
    (None, text(content))
}

#[cfg(test)]
mod tests;
