use crate::model::ids::UserName;

/// A person or a room in the contact list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contact {
    /// The name to send to, which is valid in this login only ([§8.4](crate::protocol#s8-4)).
    pub user_name: UserName,
    /// The name that the contact chose, decoded. Do not print it unescaped.
    pub nick_name: String,
    /// The name that the account's owner gave the contact, decoded.
    pub remark_name: Option<String>,
}

impl Contact {
    /// Returns whether this is a room.
    #[must_use]
    pub fn is_room(&self) -> bool {
        self.user_name.is_room()
    }

    /// Returns the remark name if there is one, and otherwise the nickname.
    #[must_use]
    pub fn name(&self) -> &str {
        self.remark_name.as_deref().unwrap_or(&self.nick_name)
    }
}
