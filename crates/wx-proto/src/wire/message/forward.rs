//! What is forwarded of a message ([P87](crate::protocol#p87), [P88](crate::protocol#p88)).

use super::fields::{Fields, id, number, text};
use crate::model::emoticon::Emoticon;
use crate::model::forward::{Forward, ForwardContent};
use crate::model::ids::MediaId;
use crate::model::message::Message;
use crate::model::message::kind::MessageKind;
use crate::model::not_forwardable::NotForwardable;

impl Message {
    /// Returns what is needed to forward the message: its text, its location, its image, its video,
    /// its emoticon or its file. All other kinds are refused, as by the official page
    /// ([P87](crate::protocol#p87)).
    ///
    /// The server may send an opaque text in place of the XML of an image or a video. The official
    /// page forwards that text, and it is unknown whether the server accepts it. If it does not,
    /// fetch the media and send it anew.
    ///
    /// # Errors
    /// [`NotForwardable`] says what kind of message it is, or that it is incomplete.
    pub fn forward(&self) -> Result<Forward, NotForwardable> {
        let fields: Fields<'_> =
            serde_json::from_str(self.raw.expose()).map_err(|_| NotForwardable::Incomplete)?;
        let media_id = || id(fields.media_id).and_then(|id| MediaId::new(id).ok());
        let content = || Some(self.content.clone()).filter(|content| !content.is_empty());
        let content =
            match &self.kind {
                MessageKind::Text => content().map(|content| ForwardContent::Text { content }),
                MessageKind::Quote(_) if number(fields.msg_type) == Some(1) => {
                    content().map(|content| ForwardContent::Text { content })
                }
                MessageKind::Location(_) => Some(text(fields.ori_content).into_owned())
                    .filter(|content| !content.is_empty())
                    .map(|content| ForwardContent::Location { content }),
                MessageKind::Image { .. } => {
                    content().map(|content| ForwardContent::Image { media_id: media_id(), content })
                }
                MessageKind::Video { is_short, .. } => content().map(|content| {
                    ForwardContent::Video { is_short: *is_short, media_id: media_id(), content }
                }),
                MessageKind::Emoticon { of_store: false, md5 } => {
                    md5.map(|md5| ForwardContent::Emoticon { md5 })
                }
                MessageKind::File(file) => match (&file.name, file.len, &file.media_id) {
                    (Some(name), Some(len), Some(media_id)) if !name.is_empty() => {
                        let (name, media_id) = (name.clone(), media_id.clone());
                        Some(ForwardContent::File { name, len, media_id, ticket: None })
                    }
                    _ => None,
                },
                kind => return Err(refusal(kind)),
            };
        content.map(Forward::new).ok_or(NotForwardable::Incomplete)
    }

    /// Returns the emoticon of the message, to [send it again](crate::flow::SendMessage::inline) by
    /// its MD5 ([P84](crate::protocol#p84)). There is none if it is from the store, if the server
    /// left out its MD5, or if it is another kind of message.
    #[must_use]
    pub fn emoticon(&self) -> Option<Emoticon> {
        match self.kind {
            MessageKind::Emoticon { of_store: false, md5 } => md5.map(Emoticon::from_md5),
            _ => None,
        }
    }
}

/// Returns why no message of this kind can be forwarded.
fn refusal(kind: &MessageKind) -> NotForwardable {
    match kind {
        MessageKind::Emoticon { .. } => NotForwardable::StoreEmoticon,
        MessageKind::Voice { .. } => NotForwardable::Voice,
        MessageKind::ContactCard(_) => NotForwardable::ContactCard,
        MessageKind::FriendRequest(_) => NotForwardable::FriendRequest,
        MessageKind::Link(_) => NotForwardable::Link,
        MessageKind::MiniProgram(_) => NotForwardable::MiniProgram,
        MessageKind::ChatHistory(_) => NotForwardable::ChatHistory,
        MessageKind::Transfer(_) => NotForwardable::Transfer,
        MessageKind::RedPacket(_) => NotForwardable::RedPacket,
        MessageKind::Quote(_) => NotForwardable::Quote,
        MessageKind::App(app) => NotForwardable::App { app_msg_type: app.app_msg_type },
        MessageKind::System => NotForwardable::System,
        MessageKind::Recall(_) => NotForwardable::Recall,
        MessageKind::StatusNotice(_) => NotForwardable::StatusNotice,
        MessageKind::Other { msg_type } => NotForwardable::Other { msg_type: *msg_type },
        MessageKind::Text
        | MessageKind::Image { .. }
        | MessageKind::Video { .. }
        | MessageKind::File(_)
        | MessageKind::Location(_) => NotForwardable::Incomplete,
    }
}
