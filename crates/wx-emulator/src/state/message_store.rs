//! Messages that clients have sent, and messages that wait for a client.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;

use crate::model::incoming::{EMOTICON, FRIEND_REQUEST};
use crate::model::media::MediaFile;

/// The kinds of sent messages whose file is fetched by the MsgId.
const MEDIA_KINDS: [u32; 4] = [3, 43, EMOTICON, 62];

/// A message from a client that the server has accepted.
#[derive(Clone)]
#[non_exhaustive]
pub struct Message {
    /// The id in the server's reply, with which the image can be fetched.
    pub msg_id: String,
    /// The id that the client has chosen.
    pub client_msg_id: String,
    /// UserName of the sender.
    pub from: String,
    /// UserName of the recipient.
    pub to: String,
    /// Nickname of the recipient, as the test has set it.
    pub to_name: String,
    /// 1 for a text, 3 for an image, 6 for a file, 43 for a video, 47 for an emoticon; 48 for a
    /// location and 62 for a short video, which can only be forwarded.
    pub kind: u32,
    /// Whether it is forwarded (`Scene` 2).
    pub forwarded: bool,
    /// The text, or the XML that describes a file.
    pub text: String,
    /// The MediaId in the message. Empty for a text.
    pub media_id: String,
    /// The file name that was given with the upload.
    pub name: String,
    /// The bytes of the image, file or video.
    pub media: Bytes,
    /// The MD5 of `media` in lowercase hexadecimal.
    pub md5: String,
    /// The number of repeats with the same ClientMsgId.
    pub repeats: usize,
    /// Whether the client has revoked it.
    pub revoked: bool,
    /// When the server accepted it.
    pub accepted_at: Instant,
}

impl Message {
    /// Returns the fields that must be the same in a repeat.
    fn content(&self) -> (u32, bool, [&str; 4]) {
        (self.kind, self.forwarded, [&self.to, &self.text, &self.media_id, &self.md5])
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("msg_id", &self.msg_id)
            .field("client_msg_id", &self.client_msg_id)
            .field("to", &self.to)
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("bytes", &self.media.len())
            .field("md5", &self.md5)
            .finish_non_exhaustive()
    }
}

/// The messages of the account.
#[derive(Default)]
pub(crate) struct MessageStore {
    pub(crate) messages: Vec<Message>,
    pub(crate) incoming: Vec<Waiting>,
    /// The number of elements of `incoming` that a client has received, according to its SyncKey.
    pub(crate) acknowledged: usize,
    /// The conversations that clients have marked as read, in order.
    pub(crate) read: Vec<String>,
    /// Whether this login has received a reply to webwxsync.
    pub(crate) synced: bool,
    /// Index into `messages`, by sender and ClientMsgId.
    by_client_msg_id: HashMap<(String, String), usize>,
    /// The files that a MsgId names, by MsgId. The files of app messages have MediaIds instead.
    media: HashMap<String, Media>,
}

struct Media {
    /// The `MsgType` of the message.
    kind: u64,
    file: Arc<MediaFile>,
}

/// A message or a change that webwxsync delivers.
#[derive(Clone)]
pub(crate) enum Waiting {
    Message {
        msg_id: String,
        message: Value,
    },
    /// A contact that has changed, completely.
    Changed(Value),
    /// A contact that has been removed.
    Removed(Value),
}

/// A file that webwxsync delivers, as described in its message.
pub(crate) struct IncomingFile {
    pub(crate) sender: String,
    pub(crate) encry_file_name: String,
}

/// The result of storing a message.
pub(crate) enum Delivery {
    New(String),
    /// The ClientMsgId was used before. Contains the first MsgID, and whether the message is the
    /// same.
    Repeat {
        msg_id: String,
        same: bool,
    },
}

impl MessageStore {
    /// Stores a message, unless its sender has already used the ClientMsgId.
    pub(crate) fn accept(&mut self, message: Message, media: Arc<MediaFile>) -> Delivery {
        let id = (message.from.clone(), message.client_msg_id.clone());
        if let Some(first) = self.by_client_msg_id.get(&id).map(|at| &mut self.messages[*at]) {
            first.repeats += 1;
            let same = first.content() == message.content();
            return Delivery::Repeat { msg_id: first.msg_id.clone(), same };
        }
        self.by_client_msg_id.insert(id, self.messages.len());
        let msg_id = message.msg_id.clone();
        if MEDIA_KINDS.contains(&message.kind) {
            let kind = message.kind.into();
            self.media.insert(msg_id.clone(), Media { kind, file: media });
        }
        self.messages.push(message);
        Delivery::New(msg_id)
    }

    pub(crate) fn add_incoming(
        &mut self,
        msg_id: &str,
        message: Value,
        media: Option<Arc<MediaFile>>,
    ) {
        if let Some(file) = media {
            let kind = message["MsgType"].as_u64().unwrap_or_default();
            self.media.insert(msg_id.to_owned(), Media { kind, file });
        }
        self.incoming.push(Waiting::Message { msg_id: msg_id.to_owned(), message });
    }

    /// Returns the file with this MediaId, if a message for a client names it.
    pub(crate) fn incoming_file(&self, media_id: &str) -> Option<IncomingFile> {
        let mut messages = self.incoming.iter().filter_map(|waiting| match waiting {
            Waiting::Message { message, .. } => Some(message),
            Waiting::Changed(_) | Waiting::Removed(_) => None,
        });
        let message = messages.find(|message| message["MediaId"] == media_id)?;
        let text = |key: &str| message[key].as_str().unwrap_or_default().to_owned();
        Some(IncomingFile { sender: text("FromUserName"), encry_file_name: text("EncryFileName") })
    }

    /// Returns whether this message is a friend request from this person.
    pub(crate) fn requests(&self, msg_id: &str, user_name: &str) -> bool {
        self.incoming.iter().any(|waiting| match waiting {
            Waiting::Message { msg_id: id, message } => {
                id == msg_id
                    && message["MsgType"] == FRIEND_REQUEST
                    && message["RecommendInfo"]["UserName"] == user_name
            }
            Waiting::Changed(_) | Waiting::Removed(_) => false,
        })
    }

    /// Returns the file of a message in either direction.
    pub(crate) fn media(&self, msg_id: &str) -> Option<Arc<MediaFile>> {
        self.media.get(msg_id).map(|media| media.file.clone())
    }

    /// Returns the file of a message of one of these types, in either direction.
    pub(crate) fn media_of(&self, msg_id: &str, kinds: &[u64]) -> Option<Arc<MediaFile>> {
        let media = self.media.get(msg_id).filter(|media| kinds.contains(&media.kind))?;
        Some(media.file.clone())
    }
}
