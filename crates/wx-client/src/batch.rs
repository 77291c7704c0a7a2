//! A batch of messages, and its acknowledgement.

use std::fmt;
use std::mem;
use std::ops::Deref;

use wx_proto::flow::{BatchReceipt, NewMessages};
use wx_proto::{Items, Message, Session, Skipped};

use crate::session_cell::SessionCell;

/// A batch of new messages, in the server's order. It dereferences to a slice of them.
///
/// [Acknowledge](Batch::acknowledge) it once it is handled. If it is dropped instead, for example
/// because its handling has failed, this client and its clones do not return it again, but the
/// sessions that they return stay positioned before it. The next client that is created from such
/// a session receives it again.
#[must_use = "a batch that is not acknowledged is received again after a restart"]
pub struct Batch {
    messages: Items<Message>,
    skipped: Skipped,
    receipt: BatchReceipt,
    session: SessionCell,
}

impl Batch {
    pub(crate) fn new(new: NewMessages, session: &SessionCell) -> Self {
        let NewMessages { messages, skipped, receipt, .. } = new;
        Self { messages, skipped, receipt, session: session.clone() }
    }

    /// Returns how many messages could not be parsed or exceeded the limit, and are missing from
    /// the batch. A batch without messages has skipped ones.
    #[must_use]
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Moves the messages out of the batch, which can be acknowledged later. It is empty from then
    /// on.
    #[must_use]
    pub fn take_messages(&mut self) -> Vec<Message> {
        mem::replace(&mut self.messages, Vec::new().into()).into()
    }

    /// Marks the batch as handled, and returns the session of the client to save.
    ///
    /// The saved session is positioned before the oldest batch that is not acknowledged, and
    /// contains the ids of acknowledged messages after it. If the program is killed and restarted
    /// with it, it receives each batch *at least once*: the batches that were not acknowledged when
    /// the session was saved are received again, in whole, and acknowledged ones are not.
    /// [`Session::acknowledge`] lists the exceptions.
    ///
    /// Batches can be acknowledged in any order and from any thread. If several threads save the
    /// session, let them save [`Client::session`](crate::Client::session) one after the other, so
    /// that the session saved last is the latest one. An acknowledgement has no effect if the
    /// client has another login by now.
    pub fn acknowledge(self) -> Session {
        self.session.lend(|session| {
            session.acknowledge(self.receipt);
            session.clone()
        })
    }
}

impl Deref for Batch {
    type Target = [Message];

    fn deref(&self) -> &[Message] {
        &self.messages
    }
}

impl<'a> IntoIterator for &'a Batch {
    type Item = &'a Message;
    type IntoIter = std::slice::Iter<'a, Message>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("messages", &self.messages)
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}
