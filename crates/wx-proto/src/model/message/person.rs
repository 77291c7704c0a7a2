use crate::model::ids::UserName;
use crate::model::opaque::opaque;
use crate::model::secret::Secret;

/// A contact that the sender recommends.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContactCard {
    /// The contact's name in this login, if it is valid.
    pub user_name: Option<UserName>,
    /// The name that the contact chose.
    pub nick_name: String,
    /// Whether it is an official account.
    pub is_official: bool,
}

/// A stranger's request to be added as a contact.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FriendRequest {
    /// The stranger's name in this login, if it is valid.
    pub user_name: Option<UserName>,
    /// The name that the stranger chose.
    pub nick_name: String,
    /// The text of the request.
    pub greeting: String,
    /// The ticket that is needed to accept the request.
    pub ticket: Secret,
}

opaque!(ContactCard);
opaque!(FriendRequest);
