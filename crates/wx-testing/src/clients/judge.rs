//! The expected contents of the emulator after each step.

use std::fs;

use serde_json::{Value, json};
use wx_emulator::{Emulator, Incoming, Message, Profile};

use super::assets::{Assets, jpeg};

/// Judges the steps of one client.
pub(crate) struct Judge<'a> {
    pub(crate) emulator: &'a Emulator,
    pub(crate) assets: &'a Assets,
    pub(crate) profile: Profile,
    /// The delivered texts, which the client must have received.
    texts: Vec<String>,
    /// Whether one of the texts was sent in the room.
    in_room: bool,
    image: Vec<u8>,
}

/// The names of the contacts and rooms in a bed.
pub(crate) const FRIEND: &str = "Anna";
pub(crate) const ROOM: &str = "The Room";
pub(crate) const MEMBER: &str = "Bob";

impl<'a> Judge<'a> {
    pub(crate) fn new(emulator: &'a Emulator, assets: &'a Assets, profile: Profile) -> Self {
        Judge { emulator, assets, profile, texts: Vec::new(), in_room: false, image: Vec::new() }
    }

    /// Executes a request of a driver.
    pub(crate) fn request(&mut self, what: &str) -> Value {
        match what {
            "names" => {
                let friend = match self.profile {
                    Profile::Web => FRIEND,
                    Profile::FileHelper => "File Transfer",
                };
                json!({ "me": "Emulated", "friend": friend, "room": ROOM, "member": MEMBER })
            }
            "text" => {
                let text = "a text, 文字 1";
                self.texts.push(text.to_owned());
                let msg_id = self.emulator.deliver(Incoming::text(text).sender(self.friend()));
                json!({ "text": text, "msg_id": msg_id })
            }
            "room-text" => {
                let text = "a text in the room, 文字 2";
                self.texts.push(text.to_owned());
                self.in_room = true;
                let Some(room) = self.emulator.room(ROOM) else { return json!({}) };
                let message = Incoming::text(text).sender(&room.members[0]).room(&room.user_name);
                json!({ "text": text, "msg_id": self.emulator.deliver(message), "member": MEMBER })
            }
            "image" => {
                self.image = jpeg(3);
                let message = Incoming::image(self.image.clone()).sender(self.friend());
                json!({ "msg_id": self.emulator.deliver(message) })
            }
            _ => json!({ "error": "an unknown request" }),
        }
    }

    /// Checks the effect of a step.
    ///
    /// # Errors
    ///
    /// Returns what is missing.
    pub(crate) fn step(&self, step: &str, received: &Value) -> Result<(), String> {
        match step {
            "login" => {
                expect(self.emulator.is_logged_in(), "nobody has logged in")?;
                expect(
                    received["me"] == "Emulated",
                    "the client does not know the account of the login",
                )
            }
            "contacts" => {
                expect(has(&received["names"], FRIEND), "a contact is missing")?;
                let rooms = &received["rooms"];
                expect(rooms.is_null() || has(rooms, ROOM), "the room is missing")
            }
            "sync" => {
                let all = self.texts.iter().all(|text| has(&received["texts"], text));
                expect(!self.texts.is_empty() && all, "a text was not received as it was sent")?;
                let knows = !self.in_room || received["member"] == MEMBER;
                expect(knows, "the sender in the room is not known")
            }
            "receive" => expect(
                !self.image.is_empty() && file(received) == self.image,
                "the bytes of the image are not those that were sent",
            ),
            "text" => {
                let text = received["text"].as_str().unwrap_or_default();
                let sent = self.sent(|message| message.kind == 1 && message.text == text);
                expect(!text.is_empty() && sent == 1, "the text is not stored as it was sent")
            }
            "image-small" => self.stored(&self.assets.small, &[3]),
            "image-large" => self.stored(&self.assets.large, &[3]),
            "file" => self.stored(&self.assets.file, &[6]),
            "gif" => self.stored(&self.assets.gif, &[47, 3, 6]),
            "video" => self.stored(&self.assets.video, &[43, 6]),
            "recall" => {
                expect(self.sent(|message| message.revoked) == 1, "no message was recalled")
            }
            "avatar" => {
                let avatar = self.emulator.avatar(self.friend()).unwrap_or_default();
                let same = !avatar.is_empty() && file(received) == avatar;
                expect(same, "the bytes are not those of the contact's avatar")
            }
            "logout" => expect(!self.emulator.is_logged_in(), "the login has not ended"),
            _ => Err("an unknown step".to_owned()),
        }
    }

    fn friend(&self) -> &str {
        match self.profile {
            Profile::Web => self.emulator.contact(FRIEND).unwrap_or_default(),
            Profile::FileHelper => "filehelper",
        }
    }

    /// Checks that there is exactly one message with these bytes, and that it is of one of these
    /// kinds.
    fn stored(&self, bytes: &[u8], kinds: &[u32]) -> Result<(), String> {
        let alike = self.sent(|message| message.media == *bytes);
        let of_kind = self.sent(|message| message.media == *bytes && kinds.contains(&message.kind));
        match (alike, of_kind) {
            (0, _) => Err("the server has no such message".to_owned()),
            (1, 1) => Ok(()),
            (1, _) => Err("the message is of another kind".to_owned()),
            (more, _) => Err(format!("the server has {more} such messages")),
        }
    }

    /// Returns the number of messages to the friend for which `is` returns true.
    fn sent(&self, is: impl Fn(&Message) -> bool) -> usize {
        let messages = self.emulator.messages();
        messages.iter().filter(|message| message.to == self.friend() && is(message)).count()
    }
}

fn expect(condition: bool, otherwise: &str) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn has(list: &Value, text: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|one| one == text))
}

/// Reads the file that a client claims to have written.
fn file(received: &Value) -> Vec<u8> {
    received["path"].as_str().and_then(|path| fs::read(path).ok()).unwrap_or_default()
}
