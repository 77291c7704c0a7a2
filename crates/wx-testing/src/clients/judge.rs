//! The expected contents of the emulator after each step.

use std::fs;

use serde_json::{Value, json};
use wx_emulator::{Emulator, Incoming, Message, Profile};
use wx_proto::{ErrorChain, HostRole, SavedLogin, SavedLoginError, Session, UnixMs};

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
    /// The media that was delivered last.
    delivered: Vec<u8>,
}

/// The names of the contacts and rooms in a bed.
pub(crate) const FRIEND: &str = "Anna";
pub(crate) const ROOM: &str = "The Room";
pub(crate) const MEMBER: &str = "Bob";

impl<'a> Judge<'a> {
    pub(crate) fn new(emulator: &'a Emulator, assets: &'a Assets, profile: Profile) -> Self {
        let (texts, delivered) = (Vec::new(), Vec::new());
        Judge { emulator, assets, profile, texts, in_room: false, delivered }
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
            "image" => self.deliver(jpeg(3), Incoming::image),
            "video" => self.deliver(self.assets.received_video.clone(), Incoming::video),
            "voice" => self.deliver(self.assets.received_voice.clone(), Incoming::voice),
            _ => json!({ "error": "an unknown request" }),
        }
    }

    fn deliver(&mut self, media: Vec<u8>, message: fn(Vec<u8>) -> Incoming) -> Value {
        let msg_id = self.emulator.deliver(message(media.clone()).sender(self.friend()));
        self.delivered = media;
        json!({ "msg_id": msg_id })
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
                expect(rooms.is_null() || has(rooms, ROOM), "the room is missing")?;
                self.can_be_imported(&received["saved"])
            }
            "sync" => {
                let all = self.texts.iter().all(|text| has(&received["texts"], text));
                expect(!self.texts.is_empty() && all, "a text was not received as it was sent")?;
                let knows = !self.in_room || received["member"] == MEMBER;
                expect(knows, "the sender in the room is not known")
            }
            "receive" | "receive-video" | "receive-voice" => expect(
                !self.delivered.is_empty() && file(received) == self.delivered,
                "the bytes are not those that were sent",
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
            "video" => self.stored(&self.assets.video, &[43]),
            "recall" => {
                let recalled = self.sent(|message| message.revoked);
                let is_it = |message: &Message| received["msg_id"] == *message.msg_id;
                let is_right = self.sent(|message| message.revoked && is_it(message)) == 1;
                expect(recalled == 1 && is_right, "the message was not recalled, or another was")
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

    /// Checks that a login that the client has saved, if it saves any, is read as the login of this
    /// server.
    fn can_be_imported(&self, saved: &Value) -> Result<(), String> {
        if saved.is_null() {
            return Ok(());
        }
        let refused = |error: SavedLoginError| format!("its saved login: {}", ErrorChain(&error));
        let found = SavedLogin::read(saved.to_string()).map_err(refused)?.into_session();
        let page = found.hosts().origin(HostRole::Base);
        let own = Session::from_json(self.emulator.session_json_at(page.host()));
        let own = own.map_err(|error| error.to_string())?;
        let login = |session: &Session| {
            let values = (session.uin(), session.sid().cloned(), session.skey().cloned());
            (values, session.user_name().cloned())
        };
        expect(login(&found) == login(&own), "its saved login is read as another one")?;
        found.check_upload(UnixMs::EPOCH).map_err(|error| format!("its saved login: {error}"))
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
