use crate::model::ids::{MsgId, UserName};
use crate::model::opaque::opaque;

/// A notice that a message was recalled ([P71](crate::protocol#p71)). The message itself may be
/// unknown.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recall {
    /// The recalled message; `None` for the last message of the account itself in the conversation.
    pub msg_id: Option<MsgId>,
    /// The line that the page shows in its place.
    pub text: String,
}

/// A status notice from the phone.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusNotice {
    /// StatusNotifyCode: 1, a conversation was read; 2 and 5, it was opened and left; 4, the recent
    /// conversations.
    pub code: i64,
    /// The names, separated by commas.
    user_names: Box<str>,
}

impl StatusNotice {
    pub(crate) fn new(code: i64, user_names: &str) -> Self {
        Self { code, user_names: user_names.into() }
    }

    /// Returns the conversations that it names. With code 4, these are the recent ones, including
    /// rooms that are in no contact list ([P70](crate::protocol#p70)).
    pub fn user_names(&self) -> impl Iterator<Item = UserName> {
        self.user_names.split(',').filter_map(|name| name.parse().ok())
    }
}

opaque!(Recall);
opaque!(StatusNotice);
