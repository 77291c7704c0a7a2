//! The avatars of the account, its contacts, its rooms, and of strangers.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Cursor;

use bytes::Bytes;
use image::{ImageFormat, Rgb, RgbImage};

use super::contact_list::is_room;
use super::server_state::ServerState;

/// A request for an avatar.
pub(crate) struct AvatarQuery<'a> {
    pub(crate) user_name: &'a str,
    /// UserName or `EncryChatRoomId` of a room.
    pub(crate) room: Option<&'a str>,
    /// MsgId of a friend request.
    pub(crate) msg_id: Option<&'a str>,
}

impl ServerState {
    /// Returns the avatar of anybody, if there is a picture.
    pub(crate) fn picture(&self, user_name: &str) -> Option<Bytes> {
        self.avatars().replaced(user_name).unwrap_or_else(|| Some(draw(user_name)))
    }

    /// Returns the avatar that a query is granted: that of the account itself, of a contact, of a
    /// room, of a member of the room in the query, or of the sender of the friend request in it.
    pub(crate) fn avatar(&self, query: &AvatarQuery<'_>) -> Option<Bytes> {
        let is_granted = self.has_head_img_url(query.user_name)
            || query.room.is_some_and(|room| self.member_of(room, query.user_name).is_some())
            || query.msg_id.is_some_and(|id| self.messages().requests(id, query.user_name));
        is_granted.then(|| self.picture(query.user_name)).flatten()
    }

    /// Returns whether the avatar can be fetched by the UserName alone.
    pub(crate) fn has_head_img_url(&self, user_name: &str) -> bool {
        user_name == self.account.user_name || self.user_names().any(|name| name == user_name)
    }

    /// Returns the path and query of an avatar. That of a room has no skey.
    pub(crate) fn head_img_url(&self, user_name: &str) -> String {
        let login = self.credentials();
        let (call, skey) = match is_room(user_name) {
            true => ("webwxgetheadimg", ""),
            false => ("webwxgeticon", login.skey.as_str()),
        };
        let (first, times) = self.seqs(user_name);
        let seq = first + times;
        format!("/cgi-bin/mmwebwx-bin/{call}?seq={seq}&username={user_name}&skey={skey}")
    }

    /// Returns whether `seq` is that of the avatar, or was before it was replaced.
    pub(crate) fn knows_seq(&self, user_name: &str, seq: u64) -> bool {
        let (first, times) = self.seqs(user_name);
        (first..=first + times).contains(&seq)
    }

    /// Returns the first `seq`, and how often it has changed. The numbers are those of the recorded
    /// requests of released clients.
    fn seqs(&self, user_name: &str) -> (u64, u64) {
        let first = u64::from(!is_room(user_name));
        (first, self.avatars().times(user_name))
    }
}

/// Draws an image in a single colour, which depends on the name.
fn draw(user_name: &str) -> Bytes {
    let mut hasher = DefaultHasher::new();
    user_name.hash(&mut hasher);
    let [red, green, blue, ..] = hasher.finish().to_le_bytes();
    let mut bytes = Cursor::new(Vec::new());
    // Writing to memory cannot fail.
    let _ = RgbImage::from_pixel(64, 64, Rgb([red, green, blue]))
        .write_to(&mut bytes, ImageFormat::Jpeg);
    bytes.into_inner().into()
}
