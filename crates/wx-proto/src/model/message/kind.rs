use std::fmt;
use std::time::Duration;

use super::app::{AppMessage, MiniProgram};
use super::file::FileMessage;
use super::location::Location;
use super::notice::{Recall, StatusNotice};
use super::person::{ContactCard, FriendRequest};
use super::quote::Quote;
use crate::model::dimensions::Dimensions;
use crate::model::md5::Md5;

/// The kind of a message, with the values of that kind ([§11.4](crate::protocol#s11-4),
/// [§11.5](crate::protocol#s11-5)).
///
/// Its `Debug` is its [name](Self::name).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageKind {
    /// A text (MsgType 1).
    Text,
    /// A text that replies to a quoted message (AppMsgType 57, or a text of that form).
    Quote(Box<Quote>),
    /// An image (MsgType 3).
    Image {
        /// The size of the thumbnail.
        thumbnail: Option<Dimensions>,
        /// The MD5 that the sender's phone sent. It can be the MD5 of another size.
        md5: Option<Md5>,
    },
    /// An emoticon (MsgType 47).
    Emoticon {
        /// Whether it is from the store. Emoticons from the store cannot be fetched
        /// ([§3.2](crate::protocol#s3-2)).
        of_store: bool,
        /// The MD5 of the image, by which it can be sent again.
        md5: Option<Md5>,
    },
    /// A video (MsgType 43 or 62), which has a [cover](crate::Message::cover).
    Video {
        /// The size of the cover.
        thumbnail: Option<Dimensions>,
        /// The duration.
        duration: Option<Duration>,
        /// Whether it is a short video (MsgType 62).
        is_short: bool,
    },
    /// A voice message (MsgType 34).
    Voice {
        /// The duration.
        duration: Option<Duration>,
    },
    /// A file (MsgType 49, AppMsgType 6).
    File(Box<FileMessage>),
    /// A location (MsgType 1, SubMsgType 48).
    Location(Box<Location>),
    /// A contact that the sender recommends (MsgType 42).
    ContactCard(Box<ContactCard>),
    /// A stranger's request to be added as a contact (MsgType 37).
    FriendRequest(Box<FriendRequest>),
    /// A link or an article (AppMsgType 5).
    Link(Box<AppMessage>),
    /// A mini program (AppMsgType 33 or 36).
    MiniProgram(Box<MiniProgram>),
    /// A chat that was forwarded as a whole (AppMsgType 0 or 19).
    ChatHistory(Box<AppMessage>),
    /// A notice of a money transfer (AppMsgType 2000), which only the phone can accept.
    Transfer(Box<AppMessage>),
    /// A notice of a red packet (AppMsgType 2001), which only the phone can open.
    RedPacket(Box<AppMessage>),
    /// Any other app message (MsgType 49).
    App(Box<AppMessage>),
    /// A system message, such as "Anna joined" (MsgType 10000).
    System,
    /// A notice that a message was recalled (MsgType 10002).
    Recall(Box<Recall>),
    /// A status notice from the phone (MsgType 51), which is not meant for the user
    /// ([P70](crate::protocol#p70)).
    StatusNotice(Box<StatusNotice>),
    /// Anything else ([P69](crate::protocol#p69)).
    Other {
        /// MsgType, if it is a number.
        msg_type: Option<i64>,
    },
}

impl MessageKind {
    /// Returns the kind as a word, such as `contact_card`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Quote(_) => "quote",
            Self::Image { .. } => "image",
            Self::Emoticon { .. } => "emoticon",
            Self::Video { .. } => "video",
            Self::Voice { .. } => "voice",
            Self::File(_) => "file",
            Self::Location(_) => "location",
            Self::ContactCard(_) => "contact_card",
            Self::FriendRequest(_) => "friend_request",
            Self::Link(_) => "link",
            Self::MiniProgram(_) => "mini_program",
            Self::ChatHistory(_) => "chat_history",
            Self::Transfer(_) => "transfer",
            Self::RedPacket(_) => "red_packet",
            Self::App(_) => "app",
            Self::System => "system",
            Self::Recall(_) => "recall",
            Self::StatusNotice(_) => "status_notice",
            Self::Other { .. } => "other",
        }
    }

    /// Returns whether it is meant for the user, like all kinds except status notices
    /// ([P70](crate::protocol#p70)).
    #[must_use]
    pub fn is_for_user(&self) -> bool {
        !matches!(self, Self::StatusNotice(_))
    }
}

impl fmt::Debug for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
