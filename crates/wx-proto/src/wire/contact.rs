//! Contacts and members of rooms in the JSON of a list ([§11.10](crate::protocol#s11-10)).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::list::{self, Element, List};
use super::{content, lenient, repair};
use crate::model::avatar::{AvatarSource, HeadImgUrl};
use crate::model::contact::{Contact, ContactFlags, ContactKind};
use crate::model::ids::UserName;
use crate::model::room::{Member, RoomDetails};

/// The relevant fields of a contact.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields<'a> {
    #[serde(borrow)]
    user_name: Option<&'a RawValue>,
    #[serde(borrow)]
    nick_name: Option<&'a RawValue>,
    #[serde(borrow)]
    remark_name: Option<&'a RawValue>,
    #[serde(borrow)]
    verify_flag: Option<&'a RawValue>,
    #[serde(borrow)]
    contact_flag: Option<&'a RawValue>,
    #[serde(borrow)]
    statues: Option<&'a RawValue>,
    #[serde(borrow)]
    member_count: Option<&'a RawValue>,
    #[serde(borrow)]
    member_list: Option<&'a RawValue>,
    #[serde(borrow)]
    encry_chat_room_id: Option<&'a RawValue>,
    #[serde(borrow)]
    is_owner: Option<&'a RawValue>,
    #[serde(borrow)]
    head_img_url: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MemberFields<'a> {
    #[serde(borrow)]
    user_name: Option<&'a RawValue>,
    #[serde(borrow)]
    nick_name: Option<&'a RawValue>,
    #[serde(borrow)]
    display_name: Option<&'a RawValue>,
}

/// Returns a UserName, or `None` if it is missing, invalid, or damaged and therefore ambiguous.
fn user_name(json: Option<&RawValue>) -> Option<UserName> {
    let name = lenient::text_of(json?).filter(|name| !repair::is_damaged(name))?;
    UserName::new(name).ok()
}

/// Returns a decoded name, which is empty if there is none.
fn name(json: Option<&RawValue>) -> String {
    json.and_then(lenient::text_of).map(|text| content::decode(&text)).unwrap_or_default()
}

fn optional_name(json: Option<&RawValue>) -> Option<String> {
    Some(name(json)).filter(|name| !name.is_empty())
}

fn number<T: std::str::FromStr>(json: Option<&RawValue>) -> Option<T> {
    lenient::text_of(json?)?.trim().parse().ok()
}

impl Element for Contact {
    /// Returns `None` for a contact without a UserName.
    fn from_json(json: &RawValue) -> Option<Self> {
        let fields: Fields<'_> = serde_json::from_str(json.get()).ok()?;
        let user_name = user_name(fields.user_name)?;
        let flags = ContactFlags::new(number(fields.contact_flag).unwrap_or_default());
        let is_muted = user_name.is_room() && number::<i64>(fields.statues) == Some(0);
        Some(Self {
            kind: ContactKind::new(&user_name, number(fields.verify_flag).unwrap_or_default()),
            nick_name: name(fields.nick_name),
            remark_name: optional_name(fields.remark_name),
            flags: if is_muted { flags.muted() } else { flags },
            room: user_name.is_room().then(|| room(&fields)).flatten(),
            avatar: avatar(&fields, &user_name),
            user_name,
        })
    }
}

/// Returns what the address of the avatar needs besides the UserName. An address that cannot be
/// used is left out: the avatar is then requested like that of a contact without one.
fn avatar(fields: &Fields<'_>, owner: &UserName) -> Option<Box<AvatarSource>> {
    let given = fields.head_img_url.and_then(lenient::text_of);
    let head_img_url = given.and_then(|given| HeadImgUrl::new(&given));
    // Anybody else with this id is a member of that room.
    let encry_chat_room_id = user_name(fields.encry_chat_room_id).filter(|_| !owner.is_room());
    (head_img_url.is_some() || encry_chat_room_id.is_some())
        .then(|| Box::new(AvatarSource { head_img_url, encry_chat_room_id, msg_id: None }))
}

/// Returns the details of a room, unless the server sent neither members nor a second name.
fn room(fields: &Fields<'_>) -> Option<Box<RoomDetails>> {
    let members = fields.member_list.map(|json| {
        list::optional(&mut serde_json::Deserializer::from_str(json.get())).unwrap_or_default()
    });
    let List { elements: members, skipped } = members.unwrap_or_default();
    let encry_chat_room_id = user_name(fields.encry_chat_room_id);
    (!members.is_empty() || !skipped.is_empty() || encry_chat_room_id.is_some()).then(|| {
        Box::new(RoomDetails {
            members,
            member_count: number(fields.member_count).unwrap_or_default(),
            skipped,
            encry_chat_room_id,
            is_owner: number::<i64>(fields.is_owner).is_some_and(|is_owner| is_owner != 0),
        })
    })
}

impl Element for Member {
    /// Returns `None` for a member without a UserName.
    fn from_json(json: &RawValue) -> Option<Self> {
        let fields: MemberFields<'_> = serde_json::from_str(json.get()).ok()?;
        Some(Self {
            user_name: user_name(fields.user_name)?,
            nick_name: name(fields.nick_name),
            display_name: optional_name(fields.display_name),
        })
    }
}

/// The UserName of a room. Elements that are not rooms count as unreadable.
#[derive(Debug)]
pub(crate) struct RoomName(pub(crate) UserName);

impl Element for RoomName {
    fn from_json(json: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Named<'a> {
            #[serde(borrow)]
            user_name: Option<&'a RawValue>,
        }

        let named: Named<'_> = serde_json::from_str(json.get()).ok()?;
        user_name(named.user_name).filter(UserName::is_room).map(Self)
    }
}

impl List<RoomName> {
    pub(crate) fn into_names(self) -> impl Iterator<Item = UserName> {
        self.elements.into_iter().map(|RoomName(name)| name)
    }
}

#[cfg(test)]
mod tests;
