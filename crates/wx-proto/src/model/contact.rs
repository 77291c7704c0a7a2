use crate::model::ids::UserName;

/// A person or a room of the contact list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contact {
    /// How to send to it, in this login only: the next one has other names (§8.4).
    pub user_name: UserName,
    /// The name that it gave itself, decoded. What a stranger chose: do not print it raw.
    pub nick_name: String,
    /// The name that the account's owner gave it, decoded; mostly empty.
    pub remark_name: String,
}

impl Contact {
    /// Whether it is a room.
    #[must_use]
    pub fn is_room(&self) -> bool {
        self.user_name.is_room()
    }

    /// The remark if there is one, else the nickname.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.remark_name.is_empty() { &self.nick_name } else { &self.remark_name }
    }
}
