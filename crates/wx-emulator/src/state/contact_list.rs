//! The contact list of the account.

use serde_json::{Value, json};

use super::account::NICK_NAME;
use super::server_state::ServerState;
use crate::model::people::{Room, RoomListing};
use crate::model::replies::escape;

/// The names of the contacts that every account has.
const NICK_NAMES: [&str; 3] = ["Friend", "Second friend", "File Transfer"];

impl ServerState {
    /// Returns the nickname of a contact or a room.
    pub(crate) fn nick_name(&self, user_name: &str) -> String {
        let always = self.account.contacts().into_iter().zip(NICK_NAMES);
        let added = self.options.contacts.iter().map(|c| (&*c.user_name, &*c.nick_name));
        let rooms = self.options.rooms.iter().map(|room| (&*room.user_name, &*room.nick_name));
        let mut all = always.chain(added).chain(rooms);
        all.find(|(name, _)| *name == user_name).map_or("", |(_, nick)| nick).to_owned()
    }

    /// Returns the contacts and the saved rooms in the form of webwxgetcontact, in which rooms have
    /// no members.
    pub(crate) fn contact_list(&self) -> Vec<Value> {
        let always = self.account.contacts().into_iter().zip(NICK_NAMES);
        let always = always.map(|(user_name, nick_name)| self.contact(user_name, nick_name, ""));
        let added = self.options.contacts.iter();
        let added = added.map(|c| self.contact(&c.user_name, &c.nick_name, &c.remark_name));
        let saved = self.rooms_listed(&[RoomListing::Saved]);
        let rooms = saved.map(|room| self.contact(&room.user_name, &room.nick_name, ""));
        always.chain(added).chain(rooms).collect()
    }

    /// Returns the contacts and the recent rooms in the form of webwxinit, in which rooms have
    /// members.
    pub(crate) fn recent_contacts(&self) -> Vec<Value> {
        let mut contacts = self.contact_list();
        contacts.retain(|contact| !contact["UserName"].as_str().is_some_and(is_room));
        let recent = self.rooms_listed(&[RoomListing::Saved, RoomListing::Recent]);
        contacts.extend(recent.map(|room| self.room_with_members(room)));
        contacts
    }

    /// Returns the value of `ChatSet`: UserNames with commas after them.
    pub(crate) fn chat_set(&self) -> String {
        let rooms = self.rooms_listed(&[RoomListing::ChatSet, RoomListing::Left]);
        let rooms = rooms.map(|room| room.user_name.as_str());
        let names = self.account.contacts().into_iter().chain(rooms);
        names.map(|name| format!("{name},")).collect()
    }

    /// Returns a contact or a room, in the form of webwxbatchgetcontact, in which rooms have
    /// members.
    pub(crate) fn contact_with_members(&self, user_name: &str) -> Option<Value> {
        if let Some(room) = self.room(user_name).filter(|room| room.listing != RoomListing::Left) {
            return Some(self.room_with_members(room));
        }
        let mut contacts = self.contact_list().into_iter();
        contacts.find(|contact| contact["UserName"] == *user_name)
    }

    /// Returns the room with this UserName.
    pub(crate) fn room(&self, user_name: &str) -> Option<&Room> {
        self.options.rooms.iter().find(|room| room.user_name == user_name)
    }

    fn rooms_listed<'a>(&'a self, listings: &'a [RoomListing]) -> impl Iterator<Item = &'a Room> {
        self.options.rooms.iter().filter(|room| listings.contains(&room.listing))
    }

    fn room_with_members(&self, room: &Room) -> Value {
        let members: Vec<Value> = self.members(room).map(member).collect();
        let mut contact = self.contact(&room.user_name, &room.nick_name, "");
        contact["MemberCount"] = members.len().into();
        contact["MemberList"] = members.into();
        contact["EncryChatRoomId"] = room.encry_chat_room_id.as_str().into();
        contact
    }

    /// Returns a member of the room with this UserName or `EncryChatRoomId`.
    pub(crate) fn member_of(&self, room: &str, user_name: &str) -> Option<Value> {
        let mut rooms = self.options.rooms.iter();
        let room = rooms.find(|it| it.user_name == room || it.encry_chat_room_id == room)?;
        let (_, nick_name) = self.members(room).find(|(member, _)| *member == user_name)?;
        let mut contact = self.contact(user_name, nick_name, "");
        contact["EncryChatRoomId"] = room.encry_chat_room_id.as_str().into();
        Some(contact)
    }

    /// Returns whether `id` is the `EncryChatRoomId` of a room with this member.
    pub(crate) fn is_encry_id_of_room_of(&self, id: &str, user_name: &str) -> bool {
        let mut rooms = self.options.rooms.iter();
        rooms.any(|room| {
            room.encry_chat_room_id == id && self.members(room).any(|it| it.0 == user_name)
        })
    }

    /// Returns the UserNames and names of the members of a room, starting with the account itself.
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

    fn contact(&self, user_name: &str, nick_name: &str, remark_name: &str) -> Value {
        // 0 is a muted room.
        let statues = u8::from(is_room(user_name));
        let avatar = self.head_img_url(user_name);
        json!({
            "Uin": 0, "UserName": user_name, "NickName": escape(nick_name), "HeadImgUrl": avatar,
            "ContactFlag": 3, "MemberCount": 0, "MemberList": [],
            "RemarkName": escape(remark_name), "HideInputBarFlag": 0, "Sex": 0, "Signature": "",
            "VerifyFlag": 0, "OwnerUin": 0, "PYInitial": "", "PYQuanPin": "",
            "RemarkPYInitial": "", "RemarkPYQuanPin": "", "StarFriend": 0, "AppAccountFlag": 0,
            "Statues": statues, "AttrStatus": 0, "Province": "", "City": "", "Alias": "",
            "SnsFlag": 0, "UniFriend": 0, "DisplayName": "", "ChatRoomId": 0, "KeyWord": "",
            "EncryChatRoomId": "", "IsOwner": 0,
        })
    }
}

pub(crate) fn is_room(user_name: &str) -> bool {
    user_name.starts_with("@@")
}

fn member((user_name, nick_name): (&str, &str)) -> Value {
    json!({
        "Uin": 0, "UserName": user_name, "NickName": escape(nick_name), "AttrStatus": 0,
        "PYInitial": "", "PYQuanPin": "", "RemarkPYInitial": "", "RemarkPYQuanPin": "",
        "MemberStatus": 0, "DisplayName": "", "KeyWord": "",
    })
}
