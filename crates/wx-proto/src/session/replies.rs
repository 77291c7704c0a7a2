//! Replies that are applied to the session.

use super::sync_key::SyncKey;
use crate::model::ids::UserName;
use crate::model::message::Message;
use crate::model::opaque::opaque;
use crate::model::secret::Secret;
use crate::model::skipped::Skipped;

/// The reply to webwxinit.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct InitReply {
    /// The account's own UserName in this login.
    pub user_name: UserName,
    /// The account's nickname, decoded. It is chosen by a person, so do not print it unescaped.
    pub nick_name: String,
    /// The rooms of the recent conversations, from `ContactList` and `ChatSet`
    /// ([P92](crate::protocol#p92)). Some are named twice.
    pub rooms: Vec<UserName>,
    /// A new skey, if the server sent one ([P14](crate::protocol#p14)).
    pub(crate) skey: Option<Secret>,
    pub(crate) sync_key: Option<SyncKey>,
}

opaque!(InitReply);

/// The reply to webwxsync: messages, and the sync position after them. Apply it with
/// [`Session::apply_sync`](super::Session::apply_sync).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SyncReply {
    /// The messages, in the server's order. Some may have been received before.
    pub messages: Vec<Message>,
    /// The messages that could not be parsed or exceeded the limit. They are not received again,
    /// because the new position is after them.
    pub skipped: Skipped,
    /// The rooms that have changed ([P92](crate::protocol#p92)).
    pub rooms: Vec<UserName>,
    /// The rooms that are no longer contacts of the account.
    pub removed_rooms: Vec<UserName>,
    /// Whether more messages are available at once.
    pub more: bool,
    pub(crate) skey: Option<Secret>,
    pub(crate) sync_key: Option<SyncKey>,
    pub(crate) check_key: Option<SyncKey>,
}
