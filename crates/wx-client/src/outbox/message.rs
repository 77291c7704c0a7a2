use wx_proto::{MsgId, Recipient};

use super::record::Message;

/// What is known of a message of an [`Outbox`](super::Outbox).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxMessage {
    /// The caller's key.
    pub key: String,
    /// Whom it goes to.
    pub to: Recipient,
    /// What has become of it.
    pub state: MessageState,
}

/// What has become of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageState {
    /// It has not left, or the server has refused it.
    NotSent,
    /// It was handed out, and no answer is known.
    InDoubt,
    /// The server accepted it under this id.
    Sent(MsgId),
    /// It was in doubt until it was [given up](super::Outbox::give_up), and is never handed out
    /// again.
    GivenUp,
}

impl Message {
    pub(super) fn state(&self) -> MessageState {
        match &self.sent {
            Some(sent) => MessageState::Sent(sent.msg_id.clone()),
            _ if self.given_up => MessageState::GivenUp,
            None if self.is_in_doubt() => MessageState::InDoubt,
            None => MessageState::NotSent,
        }
    }
}
