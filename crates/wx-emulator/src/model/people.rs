//! The people and rooms that the account knows.

use super::random;

/// A contact that the test has added to the server.
#[derive(Clone)]
pub(crate) struct Contact {
    pub(crate) user_name: String,
    pub(crate) nick_name: String,
    pub(crate) remark_name: String,
}

/// Where a client finds a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomListing {
    /// In the contact list, because it is saved there, and in the `ContactList` of webwxinit.
    #[default]
    Saved,
    /// Only in the `ContactList` of webwxinit.
    Recent,
    /// Only in the `ChatSet` of webwxinit.
    ChatSet,
    /// In no list: only messages and changes name it.
    Unlisted,
    /// In the `ChatSet` of webwxinit, although the account has left it: webwxbatchgetcontact does
    /// not return it.
    Left,
}

/// A room of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Room {
    /// UserName of the room.
    pub user_name: String,
    /// Name of the room.
    pub nick_name: String,
    /// UserNames of the members, without the account itself.
    pub members: Vec<String>,
    /// Names of the members, in the same order.
    pub member_names: Vec<String>,
    /// The `EncryChatRoomId`, which a request for the avatar of a member contains. Like a UserName,
    /// it is another one in later logins.
    pub encry_chat_room_id: String,
    /// Where a client finds the room.
    pub listing: RoomListing,
}

impl Contact {
    pub(crate) fn new(nick_name: String, remark_name: String) -> Self {
        let user_name = format!("@{}", random::hex(64));
        Contact { user_name, nick_name, remark_name }
    }
}

impl Room {
    /// Creates a room with members of these names.
    pub(crate) fn new(listing: RoomListing, nick_name: String, members: Vec<String>) -> Self {
        let members = members.into_iter().map(|name| Contact::new(name, String::new()));
        Self::with_members(listing, nick_name, members)
    }

    /// Creates a saved room with these contacts as members.
    pub(crate) fn of_contacts(nick_name: String, contacts: &[Contact]) -> Self {
        Self::with_members(RoomListing::Saved, nick_name, contacts.iter().cloned())
    }

    fn with_members(
        listing: RoomListing,
        nick_name: String,
        members: impl IntoIterator<Item = Contact>,
    ) -> Self {
        let members = members.into_iter().map(|member| (member.user_name, member.nick_name));
        let (members, member_names) = members.unzip();
        Room {
            listing,
            user_name: format!("@@{}", random::hex(64)),
            nick_name,
            members,
            member_names,
            encry_chat_room_id: format!("@{}", random::hex(32)),
        }
    }
}
