//! The contact list of the account, with an avatar for each contact.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Cursor;

use bytes::Bytes;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};

use super::account::NICK_NAME;
use super::server_state::ServerState;
use crate::model::people::Room;
use crate::model::replies::escape;

impl ServerState {
    /// Returns all contacts and rooms, the rooms without their members, as webwxgetcontact sends
    /// them.
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

    /// Returns all contacts and rooms, the rooms with their members, as webwxinit and
    /// webwxbatchgetcontact send them.
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

    /// Returns a member of the room that has this UserName or `EncryChatRoomId`.
    pub(crate) fn member_of(&self, room: &str, user_name: &str) -> Option<Value> {
        let mut rooms = self.options.rooms.iter();
        let room = rooms.find(|it| it.user_name == room || it.encry_chat_room_id == room)?;
        let (_, nick_name) = self.members(room).find(|(member, _)| *member == user_name)?;
        let mut contact = self.contact(user_name, nick_name, "");
        contact["EncryChatRoomId"] = room.encry_chat_room_id.as_str().into();
        Some(contact)
    }

    /// Returns UserNames and names of the members of a room, those of the account itself first.
    fn members<'a>(&'a self, room: &'a Room) -> impl Iterator<Item = (&'a str, &'a str)> {
        let names = room.member_names.iter().map(String::as_str);
        let others = room.members.iter().map(String::as_str).zip(names);
        [(self.account.user_name.as_str(), NICK_NAME)].into_iter().chain(others)
    }

    /// Returns the UserNames of all contacts and rooms.
    pub(crate) fn user_names(&self) -> impl Iterator<Item = &str> {
        let added = self.options.contacts.iter().map(|contact| contact.user_name.as_str());
        let rooms = self.options.rooms.iter().map(|room| room.user_name.as_str());
        self.account.contacts().into_iter().chain(added).chain(rooms)
    }

    /// Returns the avatar of a contact, of a room, of the account itself, or of a member of `room`,
    /// which is a UserName or an `EncryChatRoomId`.
    pub(crate) fn avatar(&self, user_name: &str, room: Option<&str>) -> Option<Bytes> {
        let is_member = || room.is_some_and(|id| self.member_of(id, user_name).is_some());
        let is_known = user_name == self.account.user_name
            || self.user_names().any(|name| name == user_name)
            || is_member();
        is_known.then(|| draw_avatar(user_name))
    }

    fn contact(&self, user_name: &str, nick_name: &str, remark_name: &str) -> Value {
        // The address of a room's avatar has no skey.
        let (call, seq, skey) = match user_name.starts_with("@@") {
            true => ("webwxgetheadimg", 0, ""),
            false => ("webwxgeticon", 672_319_000, self.account.skey.as_str()),
        };
        let avatar =
            format!("/cgi-bin/mmwebwx-bin/{call}?seq={seq}&username={user_name}&skey={skey}");
        json!({
            "Uin": 0, "UserName": user_name, "NickName": escape(nick_name), "HeadImgUrl": avatar,
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

/// Draws an image of one colour, which depends on the name.
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
