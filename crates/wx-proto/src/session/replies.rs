//! The replies that move a session on.

use super::sync::SyncKey;
use crate::model::ids::UserName;
use crate::model::message::Message;
use crate::model::secret::Secret;
use crate::model::skipped::Skipped;

/// What a login begins with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct InitReply {
    /// The account's own UserName in this login.
    pub user_name: UserName,
    /// Its nickname, decoded. What a stranger chose: do not print it raw.
    pub nick_name: String,
    /// A new skey, if the server gave one (P14).
    pub(crate) skey: Option<Secret>,
    pub(crate) sync_key: Option<SyncKey>,
}

/// What came. To move on, a session [adopts](super::Session::apply_sync) it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SyncReply {
    /// The messages, in the server's order; one may come twice.
    pub messages: Vec<Message>,
    /// Messages that could not be read, or were too many. The position after the batch is after
    /// them too: they do not come again.
    pub skipped: Skipped,
    /// Whether there is more at once.
    pub more: bool,
    pub(crate) skey: Option<Secret>,
    pub(crate) sync_key: Option<SyncKey>,
    pub(crate) check_key: Option<SyncKey>,
}
