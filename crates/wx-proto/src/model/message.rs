//! A message from webwxsync ([§8.9](crate::protocol#s8-9), [§11](crate::protocol#s11),
//! [P57](crate::protocol#p57), [P69](crate::protocol#p69)).

pub(crate) mod app;
pub(crate) mod file;
pub(crate) mod kind;
pub(crate) mod location;
pub(crate) mod notice;
pub(crate) mod person;
pub(crate) mod quote;
pub(crate) mod raw;

use std::fmt;

use self::kind::MessageKind;
use self::raw::RawMessage;
use crate::model::attachment::Attachment;
use crate::model::avatar::{Avatar, AvatarSource};
use crate::model::ids::{MsgId, UserName};
use crate::model::image_variant::ImageVariant;
use crate::model::unix_ms::UnixMs;

/// A message that the server reported. Names and texts are chosen by other people, so do not print
/// them unescaped.
///
/// Its `Debug` shows the kind only: texts, names, XML and addresses can contain keys, tickets, and
/// secrets of the session.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The server's id, by which its media is fetched; `None` if it sent no valid one.
    pub id: Option<MsgId>,
    /// The sender, or the room that it arrived in; the account itself if it was sent from another
    /// device.
    pub from: Option<UserName>,
    /// The recipient.
    pub to: Option<UserName>,
    /// The sender within the room.
    pub sender: Option<UserName>,
    /// When it was sent, in whole seconds, if the server sent the time.
    pub sent_at: Option<UnixMs>,
    /// The kind of message.
    pub kind: MessageKind,
    /// The text or XML, decoded, without the prefix in rooms, and without links in a system text.
    pub content: String,
    /// The whole message as the server sent it.
    pub raw: RawMessage,
}

impl Message {
    /// Returns the attachment of the cover of a video, which is an image; `None` for all other
    /// kinds of messages.
    #[must_use]
    pub fn cover(&self) -> Option<Attachment> {
        match &self.kind {
            MessageKind::Video { .. } => {
                Some(Attachment::image(self.id.clone()?, ImageVariant::Thumbnail))
            }
            _ => None,
        }
    }

    /// Returns the avatar of the stranger who requests to be added as a contact; `None` for all
    /// other kinds of messages. The avatar of a sender is that of the
    /// [contact](crate::Contact::avatar) or of the [member](crate::RoomDetails::avatar).
    #[must_use]
    pub fn avatar(&self) -> Option<Avatar> {
        let MessageKind::FriendRequest(request) = &self.kind else { return None };
        let source = AvatarSource { msg_id: self.id.clone(), ..AvatarSource::default() };
        Some(Avatar::with_source(request.user_name.as_ref()?, source))
    }

    /// Returns the room that it was sent in, whoever sent it.
    #[must_use]
    pub fn room(&self) -> Option<&UserName> {
        [&self.from, &self.to].into_iter().flatten().find(|name| name.is_room())
    }

    /// Returns the text that its sender wrote: the text itself, or the reply to a quoted message.
    /// Other kinds have none.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            MessageKind::Text => Some(&self.content),
            MessageKind::Quote(quote) => Some(&quote.reply),
            _ => None,
        }
    }

    /// Returns whether its text mentions somebody by one of `names`: the display name in the room,
    /// and the nickname ([P94](crate::protocol#p94)).
    ///
    /// A mention is `@`, the name, and a four-per-em space (U+2005), a space, or the end of the
    /// text. Names of contacts are decoded like texts, so that they can be compared. Mentions in
    /// quoted text do not count.
    #[must_use]
    pub fn mentions<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> bool {
        let text = self.text().unwrap_or_default();
        names.into_iter().filter(|name| !name.is_empty()).any(|name| {
            let follows = |rest: &str| rest.is_empty() || rest.starts_with(['\u{2005}', ' ']);
            let after_at = text.match_indices('@').map(|(at, _)| &text[at + 1..]);
            after_at.filter_map(|rest| rest.strip_prefix(name)).any(follows)
        })
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("kind", &self.kind).finish_non_exhaustive()
    }
}
