//! Chooses messages by their kind and sender.

use wx_proto::{Message, Recipient, UserName};

use crate::event;

/// The messages that `--kinds` and `--from` choose. Without these options, all messages.
pub(super) struct Filter {
    /// Names of kinds.
    pub(super) kinds: Vec<String>,
    /// Senders and rooms.
    pub(super) from: Vec<UserName>,
}

impl Filter {
    /// Returns whether a message is reported, saved and handed to the command.
    pub(super) fn chooses(&self, message: &Message) -> bool {
        // An emoticon from the store is also an emoticon.
        let kinds = [message.kind.name(), event::kind(message)];
        let is_wanted =
            self.kinds.is_empty() || self.kinds.iter().any(|kind| kinds.contains(&kind.as_str()));
        message.kind.is_for_user()
            && is_wanted
            && (self.from.is_empty() || self.from.iter().any(|name| is_from(message, name)))
    }
}

/// Returns whether a message comes from this sender, or was sent in this room. What the account
/// writes to the File Transfer Helper counts as coming from the helper, which never writes
/// anything.
fn is_from(message: &Message, name: &UserName) -> bool {
    if message.room() == Some(name) {
        return true;
    }
    let is_name = |other: &Option<UserName>| other.as_ref() == Some(name);
    let is_helper = name == Recipient::file_helper().user_name();
    is_name(&message.from) || is_name(&message.sender) || (is_helper && is_name(&message.to))
}
