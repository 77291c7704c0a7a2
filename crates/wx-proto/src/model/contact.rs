//! Contacts: people, rooms and accounts ([§11.10](crate::protocol#s11-10)).

use std::borrow::Cow;

use crate::model::avatar::{Avatar, AvatarSource};
use crate::model::ids::UserName;
use crate::model::opaque::opaque;
use crate::model::room::RoomDetails;

/// A person, a room or another account in the contact list.
///
/// Names are chosen by other people, so do not print them unescaped. Its `Debug` shows
/// nothing, because a server can put any secret into a name.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contact {
    /// The name to send to, which is valid in this login only ([§8.4](crate::protocol#s8-4)).
    pub user_name: UserName,
    /// The name that the contact chose, decoded. It is empty for some rooms.
    pub nick_name: String,
    /// The name that the account's owner gave the contact, decoded.
    pub remark_name: Option<String>,
    /// The kind of contact.
    pub kind: ContactKind,
    /// The flags that the account's owner has set for the contact.
    pub flags: ContactFlags,
    /// The members of a room, if the server sent them. Contact lists have rooms without members.
    pub room: Option<Box<RoomDetails>>,
    /// Boxed, because a contact list can have thousands of contacts without it.
    pub(crate) avatar: Option<Box<AvatarSource>>,
}

/// The kind of a contact ([§11.10](crate::protocol#s11-10)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContactKind {
    /// A person.
    Person,
    /// An account that publishes articles or offers a service.
    OfficialAccount,
    /// A room.
    Room,
    /// An account of WeChat itself, such as the File Transfer Helper.
    Special,
    /// A contact of another service (`…@qqim`).
    Legacy,
}

impl ContactKind {
    pub(crate) fn new(user_name: &UserName, verify_flag: u32) -> Self {
        let name = user_name.as_str();
        match verify_flag & 8 != 0 {
            _ if user_name.is_room() => Self::Room,
            _ if name.ends_with("@qqim") => Self::Legacy,
            _ if !name.starts_with('@') => Self::Special,
            true => Self::OfficialAccount,
            false => Self::Person,
        }
    }

    /// Returns the kind as a lower-case word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::OfficialAccount => "official_account",
            Self::Room => "room",
            Self::Special => "special",
            Self::Legacy => "legacy",
        }
    }
}

/// The `ContactFlag` of a contact ([§11.10](crate::protocol#s11-10)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContactFlags(u32);

impl ContactFlags {
    const MUTED: u32 = 0x200;

    pub(crate) const fn new(bits: u32) -> Self {
        Self(bits)
    }

    /// Adds the flag of a muted contact. Rooms report it separately.
    pub(crate) const fn muted(self) -> Self {
        Self(self.0 | Self::MUTED)
    }

    /// Returns all flags as the server sent them.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether it is a contact of the account.
    #[must_use]
    pub const fn is_contact(self) -> bool {
        self.0 & 1 != 0
    }

    /// Returns whether there is a conversation with it.
    #[must_use]
    pub const fn has_conversation(self) -> bool {
        self.0 & 2 != 0
    }

    /// Returns whether it is blocked.
    #[must_use]
    pub const fn is_blocked(self) -> bool {
        self.0 & 8 != 0
    }

    /// Returns whether it is starred.
    #[must_use]
    pub const fn is_starred(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// Returns whether its messages are muted.
    #[must_use]
    pub const fn is_muted(self) -> bool {
        self.0 & Self::MUTED != 0
    }

    /// Returns whether it is pinned to the top of the list of conversations.
    #[must_use]
    pub const fn is_pinned(self) -> bool {
        self.0 & 0x800 != 0
    }
}

impl Contact {
    /// Returns whether this is a room.
    #[must_use]
    pub fn is_room(&self) -> bool {
        self.user_name.is_room()
    }

    /// Returns the avatar to fetch ([P86](crate::protocol#p86)). Not everybody has one.
    #[must_use]
    pub fn avatar(&self) -> Avatar {
        let source = self.avatar.as_deref().cloned().unwrap_or_default();
        Avatar::with_source(&self.user_name, source)
    }

    /// Returns the remark name if there is one, and otherwise the nickname. A room with neither is
    /// named after its first ten members, if they are known ([P93](crate::protocol#p93)).
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match (&self.remark_name, &self.room) {
            (Some(remark), _) => remark.into(),
            (None, Some(room)) if self.nick_name.is_empty() => room.member_names().into(),
            _ => (&self.nick_name).into(),
        }
    }
}

opaque!(Contact);

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vector() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/contacts_rooms.json")).unwrap()
    }

    #[test]
    fn p93_the_kind_of_a_contact_is_that_of_its_name_and_verify_flag() {
        for case in vector()["kinds"].as_array().unwrap() {
            let name = UserName::new(case["UserName"].as_str().unwrap()).unwrap();
            let verify_flag = case["VerifyFlag"].as_u64().unwrap_or_default() as u32;
            let kind = ContactKind::new(&name, verify_flag).name().replace('_', " ");
            assert_eq!(kind, case["kind"].as_str().unwrap(), "{case}");
        }
    }

    #[test]
    fn p93_each_flag_has_its_bit() {
        for case in vector()["flags"]["ContactFlag"].as_array().unwrap() {
            let flags = ContactFlags::new(case["value"].as_u64().unwrap() as u32);
            let named = [
                ("contact", flags.is_contact()),
                ("chat", flags.has_conversation()),
                ("blocked", flags.is_blocked()),
                ("starred", flags.is_starred()),
                ("pinned", flags.is_pinned()),
                ("muted", flags.is_muted()),
            ];
            let means: Vec<_> = named.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
            assert_eq!(serde_json::json!(means), case["means"], "{case}");
        }
    }
}
