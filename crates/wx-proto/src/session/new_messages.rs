use super::outstanding::BatchReceipt;
use crate::model::items::Items;
use crate::model::message::Message;
use crate::model::skipped::Skipped;

/// A batch of messages, which is outstanding until it is acknowledged.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NewMessages {
    /// The new messages, in the server's order: at least one, unless all were skipped.
    pub messages: Items<Message>,
    /// The messages that could not be parsed or exceeded the limit. They are not received again
    /// once the batch is acknowledged.
    pub skipped: Skipped,
    /// Acknowledges the batch: see [`Session::acknowledge`](crate::Session::acknowledge).
    pub receipt: BatchReceipt,
}
