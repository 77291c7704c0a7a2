use wx_proto::{MsgId, Recipient};

use super::record::Message;

/// A message of an [`Outbox`](super::Outbox).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxMessage {
    /// The key of the message.
    pub key: String,
    /// The recipient of the message.
    pub to: Recipient,
    /// The state of the message.
    pub state: MessageState,
}

/// The state of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageState {
    /// The message was not sent, or the server has refused it.
    NotSent,
    /// The message has left, and no reply is known.
    InDoubt,
    /// The server has accepted the message under this id.
    Sent(MsgId),
    /// The message was in doubt until it was [given up](super::Outbox::give_up). It is never sent
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
