//! Who the account knows: contacts, rooms and their members, each with an avatar.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Cursor;

use bytes::Bytes;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use crate::hub::Hub;
use crate::random;
use crate::replies::escape;

/// What the account is called.
pub(crate) const NICK_NAME: &str = "Emulated";

/// Somebody to send to.
#[derive(Clone)]
pub(crate) struct Contact {
    pub(crate) user_name: String,
    pub(crate) nick_name: String,
    pub(crate) remark_name: String,
}

/// A room of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Room {
    /// UserName of the room.
    pub user_name: String,
    /// Its name.
    pub nick_name: String,
    /// UserNames of the members, the account itself not among them.
    pub members: Vec<String>,
    /// Their names, in the same order.
    pub member_names: Vec<String>,
    /// `EncryChatRoomId`, which asks for the avatars of members.
    pub encry_chat_room_id: String,
}

impl Contact {
    pub(crate) fn new(nick_name: String, remark_name: String) -> Self {
        let user_name = format!("@{}", random::hex(64));
        Contact { user_name, nick_name, remark_name }
    }
}

impl Room {
    pub(crate) fn new(nick_name: String, member_names: Vec<String>) -> Self {
        Room {
            user_name: format!("@@{}", random::hex(64)),
            nick_name,
            members: member_names.iter().map(|_| format!("@{}", random::hex(64))).collect(),
            member_names,
            encry_chat_room_id: format!("@{}", random::hex(32)),
        }
    }
}

impl Hub {
    /// All contacts and rooms, as a list of contacts has them: rooms without their members.
    pub(crate) fn contact_list(&self) -> Vec<Value> {
        let names = ["Friend", "Second friend", "File Transfer"];
        let always = self.account.contacts().into_iter().zip(names);
        let always = always.map(|(user_name, nick_name)| self.contact(user_name, nick_name, ""));
        let added = self.options.contacts.iter();
        let added = added.map(|c| self.contact(&c.user_name, &c.nick_name, &c.remark_name));
        let rooms = self.options.rooms.iter();
        let rooms = rooms.map(|room| self.contact(&room.user_name, &room.nick_name, ""));
        always.chain(added).chain(rooms).collect()
    }

    /// The same with the members of rooms, as webwxinit and webwxbatchgetcontact give them.
    pub(crate) fn contacts_with_members(&self) -> Vec<Value> {
        let mut contacts = self.contact_list();
        for contact in &mut contacts {
            let room =
                self.options.rooms.iter().find(|room| contact["UserName"] == *room.user_name);
            if let Some(room) = room {
                let members: Vec<Value> = self.members(room).map(member).collect();
                contact["MemberCount"] = members.len().into();
                contact["MemberList"] = members.into();
                contact["EncryChatRoomId"] = room.encry_chat_room_id.as_str().into();
            }
        }
        contacts
    }

    /// A member of the room with this UserName or `EncryChatRoomId`.
    pub(crate) fn member_of(&self, room: &str, user_name: &str) -> Option<Value> {
        let mut rooms = self.options.rooms.iter();
        let room = rooms.find(|of| of.user_name == room || of.encry_chat_room_id == room)?;
        let (_, nick_name) = self.members(room).find(|(member, _)| *member == user_name)?;
        let mut contact = self.contact(user_name, nick_name, "");
        contact["EncryChatRoomId"] = room.encry_chat_room_id.as_str().into();
        Some(contact)
    }

    /// UserNames and names of a room's members, the account itself first.
    fn members<'a>(&'a self, room: &'a Room) -> impl Iterator<Item = (&'a str, &'a str)> {
        let names = room.member_names.iter().map(String::as_str);
        let others = room.members.iter().map(String::as_str).zip(names);
        [(self.account.user_name.as_str(), NICK_NAME)].into_iter().chain(others)
    }

    /// The UserNames of all contacts and rooms.
    pub(crate) fn user_names(&self) -> impl Iterator<Item = &str> {
        let added = self.options.contacts.iter().map(|contact| contact.user_name.as_str());
        let rooms = self.options.rooms.iter().map(|room| room.user_name.as_str());
        self.account.contacts().into_iter().chain(added).chain(rooms)
    }

    /// The avatar of a contact, of a room, of the account itself, or of a member of a room whose id
    /// is given, in either spelling.
    pub(crate) fn avatar(&self, user_name: &str, room: Option<&str>) -> Option<Bytes> {
        let is_member = || room.is_some_and(|id| self.member_of(id, user_name).is_some());
        let is_known = user_name == self.account.user_name
            || self.user_names().any(|name| name == user_name)
            || is_member();
        is_known.then(|| draw_avatar(user_name))
    }

    fn contact(&self, user_name: &str, nick_name: &str, remark_name: &str) -> Value {
        // A room's picture is asked for without the skey.
        let (call, seq, skey) = match user_name.starts_with("@@") {
            true => ("webwxgetheadimg", 0, ""),
            false => ("webwxgeticon", 672_319_000, self.account.skey.as_str()),
        };
        let picture =
            format!("/cgi-bin/mmwebwx-bin/{call}?seq={seq}&username={user_name}&skey={skey}");
        json!({
            "Uin": 0, "UserName": user_name, "NickName": escape(nick_name), "HeadImgUrl": picture,
            "ContactFlag": 3, "MemberCount": 0, "MemberList": [],
            "RemarkName": escape(remark_name), "HideInputBarFlag": 0, "Sex": 0, "Signature": "",
            "VerifyFlag": 0, "OwnerUin": 0, "PYInitial": "", "PYQuanPin": "",
            "RemarkPYInitial": "", "RemarkPYQuanPin": "", "StarFriend": 0, "AppAccountFlag": 0,
            "Statues": 0, "AttrStatus": 0, "Province": "", "City": "", "Alias": "", "SnsFlag": 0,
            "UniFriend": 0, "DisplayName": "", "ChatRoomId": 0, "KeyWord": "",
            "EncryChatRoomId": "", "IsOwner": 0,
        })
    }
}

fn member((user_name, nick_name): (&str, &str)) -> Value {
    json!({
        "Uin": 0, "UserName": user_name, "NickName": escape(nick_name), "AttrStatus": 0,
        "PYInitial": "", "PYQuanPin": "", "RemarkPYInitial": "", "RemarkPYQuanPin": "",
        "MemberStatus": 0, "DisplayName": "", "KeyWord": "",
    })
}

/// A picture of one colour, another one for each name.
fn draw_avatar(user_name: &str) -> Bytes {
    let mut hasher = DefaultHasher::new();
    user_name.hash(&mut hasher);
    let [red, green, blue, ..] = hasher.finish().to_le_bytes();
    let mut bytes = Cursor::new(Vec::new());
    // Writing to memory cannot fail.
    let _ = RgbImage::from_pixel(64, 64, Rgb([red, green, blue]))
        .write_to(&mut bytes, ImageFormat::Jpeg);
    bytes.into_inner().into()
}
