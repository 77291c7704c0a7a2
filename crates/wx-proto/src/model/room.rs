//! The members of a room ([§11.10](crate::protocol#s11-10)).

use std::fmt;

use crate::model::avatar::{Avatar, AvatarSource};
use crate::model::ids::UserName;
use crate::model::opaque::opaque;
use crate::model::skipped::Skipped;

/// The number of members that a room without a name is named after.
const NAMED: usize = 10;

/// The details of a room.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomDetails {
    /// The members, including the account itself, in the server's order.
    pub members: Vec<Member>,
    /// The number of members that the server states. It can be 0 even if the server sent some.
    pub member_count: u64,
    /// The members that could not be parsed or exceeded the limit.
    pub skipped: Skipped,
    /// The `EncryChatRoomId`, a second name of the room, which some calls about its members use.
    pub encry_chat_room_id: Option<UserName>,
    /// Whether the account owns the room.
    pub is_owner: bool,
}

/// A member of a room. Names are chosen by other people, so do not print them unescaped. Its
/// `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// The UserName. If the member is a contact, the contact has the same one.
    pub user_name: UserName,
    /// The name that the member chose, decoded.
    pub nick_name: String,
    /// The name that the member chose in this room, decoded.
    pub display_name: Option<String>,
}

impl Member {
    /// Returns the name to show: `remark_name`, which is the remark name of the contact with the
    /// member's UserName, or otherwise the name in the room, or otherwise the nickname
    /// ([P93](crate::protocol#p93)).
    #[must_use]
    pub fn name<'a>(&'a self, remark_name: Option<&'a str>) -> &'a str {
        remark_name.or(self.display_name.as_deref()).unwrap_or(&self.nick_name)
    }
}

impl RoomDetails {
    /// Returns the avatar of a member who is not a contact of the account
    /// ([P86](crate::protocol#p86)). If there is a contact with the UserName of the member, use
    /// [`Contact::avatar`](crate::Contact::avatar) instead, and for the account itself
    /// [`Avatar::new`].
    #[must_use]
    pub fn avatar(&self, member: &Member) -> Avatar {
        let encry_chat_room_id = self.encry_chat_room_id.clone();
        let source = AvatarSource { encry_chat_room_id, ..AvatarSource::default() };
        Avatar::with_source(&member.user_name, source)
    }

    /// Returns the names of the first members, for a room that has no name.
    pub(crate) fn member_names(&self) -> String {
        let names = self.members.iter().map(|member| member.name(None));
        let names = names.filter(|name| !name.is_empty()).take(NAMED);
        names.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Debug for RoomDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomDetails")
            .field("members", &self.members.len())
            .field("member_count", &self.member_count)
            .field("is_owner", &self.is_owner)
            .finish_non_exhaustive()
    }
}

opaque!(Member);
