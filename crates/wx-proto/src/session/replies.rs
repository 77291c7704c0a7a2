//! The replies that change the session.

use super::sync::SyncKey;
use crate::model::ids::UserName;
use crate::model::message::Message;
use crate::model::secret::Secret;
use crate::model::skipped::Skipped;

/// The reply to webwxinit.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InitReply {
    /// The account's own UserName in this login.
    pub user_name: UserName,
    /// Its nickname, decoded. It is chosen by a person, so do not print it unescaped.
    pub nick_name: String,
    /// A new skey, if the server sent one ([P14](crate::protocol#p14)).
    pub(crate) skey: Option<Secret>,
    pub(crate) sync_key: Option<SyncKey>,
}

/// The messages, and the position after them. [`Session::apply_sync`](super::Session::apply_sync)
/// applies it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SyncReply {
    /// The messages, in the server's order. A message may be repeated.
    pub messages: Vec<Message>,
    /// Messages that could not be read or exceeded the limit. They are not received again, because
    /// the position is after them too.
    pub skipped: Skipped,
    /// Whether more messages are available at once.
    pub more: bool,
    pub(crate) skey: Option<Secret>,
    pub(crate) sync_key: Option<SyncKey>,
    pub(crate) check_key: Option<SyncKey>,
}
