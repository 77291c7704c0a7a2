//! A message from webwxsync ([§8.9](crate::protocol#s8-9), [P57](crate::protocol#p57),
//! [P58](crate::protocol#p58)).

use crate::model::dimensions::Dimensions;
use crate::model::ids::{MsgId, UserName};
use crate::model::image_variant::ImageVariant;
use crate::model::unix_ms::UnixMs;

/// A message, as claimed by the server. Names and texts are chosen by strangers, so do not print
/// them unescaped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The server's id, by which its image is fetched; `None` if it sent no valid one.
    pub id: Option<MsgId>,
    /// The sender, or the room that it arrived in; the account itself if it was sent from
    /// elsewhere.
    pub from: Option<UserName>,
    /// The recipient.
    pub to: Option<UserName>,
    /// The sender within the room.
    pub sender: Option<UserName>,
    /// When it was sent, in whole seconds, if the server says.
    pub sent_at: Option<UnixMs>,
    /// The kind of message.
    pub kind: MessageKind,
    /// The text or XML, decoded, without the prefix in rooms.
    pub content: String,
}

/// The kind of a message, as far as it matters for fetching images.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind {
    /// An image (MsgType 3).
    Image {
        /// The size of the thumbnail.
        thumbnail: Option<Dimensions>,
    },
    /// An emoticon (MsgType 47).
    Emoticon {
        /// Whether it is from the store. Those cannot be fetched by anyone
        /// ([§3.2](crate::protocol#s3-2)).
        of_store: bool,
    },
    /// A video (MsgType 43 or 62), which has a cover.
    Video {
        /// The size of the cover.
        thumbnail: Option<Dimensions>,
    },
    /// A file (MsgType 49, AppMsgType 6).
    File {
        /// The name chosen by the sender. Do not use it as a path.
        name: Option<String>,
        /// The length in bytes, if the server says.
        len: Option<u64>,
    },
    /// Anything else.
    Other {
        /// MsgType, if it is a number.
        msg_type: Option<i64>,
        /// The whole message as JSON. Invalid Unicode is replaced by U+FFFD.
        json: String,
    },
}

impl Message {
    /// Returns the id and the variant of its image to fetch, if it has one. For a video, that is
    /// the cover.
    #[must_use]
    pub fn image(&self) -> Option<(&MsgId, ImageVariant)> {
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
