//! A message as webwxsync delivers it (`docs/protocol.md` §8.9, P57, P58).

use crate::model::dimensions::Dimensions;
use crate::model::ids::{MsgId, UserName};
use crate::model::image_variant::ImageVariant;

/// A message. Only the server's word is behind any of it: names and texts are what strangers chose,
/// so do not print them raw.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The server's id, by which its picture is fetched; `None` if it gave none that is one.
    pub id: Option<MsgId>,
    /// Who sent it, or the room that it came in; the account itself if it was sent elsewhere.
    pub from: Option<UserName>,
    /// Whom it went to.
    pub to: Option<UserName>,
    /// Who in the room sent it.
    pub sender: Option<UserName>,
    /// When it was sent, in Unix seconds; 0 if not known.
    pub unix_s: u64,
    /// What it is.
    pub kind: MessageKind,
    /// Its text or XML, decoded, without the room's prefix.
    pub content: String,
}

/// What matters of a message to whoever is after pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind {
    /// A picture (MsgType 3).
    Image {
        /// The size of its thumbnail.
        thumbnail: Option<Dimensions>,
    },
    /// An emoticon (MsgType 47).
    Emoticon {
        /// Whether it is of the store: those cannot be fetched by anyone (§3.2).
        of_store: bool,
    },
    /// A video (MsgType 43 or 62), of which there is a cover.
    Video {
        /// The size of the cover.
        thumbnail: Option<Dimensions>,
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
        /// The whole message, as JSON. What was no Unicode in it is U+FFFD.
        json: String,
    },
}

impl Message {
    /// Returns what to fetch its picture by, if it has one: its id, and which of the pictures there
    /// is. The cover of a video is its thumbnail.
    #[must_use]
    pub fn picture(&self) -> Option<(&MsgId, ImageVariant)> {
        let variant = match self.kind {
            MessageKind::Image { .. } => ImageVariant::Original,
            MessageKind::Emoticon { of_store: false } => ImageVariant::Emoticon,
            MessageKind::Video { .. } => ImageVariant::Thumbnail,
            MessageKind::Emoticon { of_store: true }
            | MessageKind::File { .. }
            | MessageKind::Other { .. } => return None,
        };
        Some((self.id.as_ref()?, variant))
    }
}
