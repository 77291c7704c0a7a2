//! Messages: those that clients have sent, and those that wait for a client.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::model::media::MediaFile;

/// A message that a client has sent and the server has accepted.
#[derive(Clone)]
#[non_exhaustive]
pub struct Message {
    /// The id that the server has replied with. The image can be fetched by it.
    pub msg_id: String,
    /// The id that the client has chosen.
    pub client_msg_id: String,
    /// UserName of the sender.
    pub from: String,
    /// UserName of the recipient.
    pub to: String,
    /// 1 for a text, 3 for an image, 6 for a file, 43 for a video, 47 for an emoticon.
    pub kind: u32,
    /// The text, or the XML that names a file.
    pub text: String,
    /// The MediaId that it was sent with; empty for a text.
    pub media_id: String,
    /// The file name that was given with the upload.
    pub name: String,
    /// The bytes of the image, file or video.
    pub media: Bytes,
    /// Their MD5 in lowercase hexadecimal.
    pub md5: String,
    /// How often it was repeated under the same ClientMsgId.
    pub repeats: usize,
    /// Whether the client has revoked it.
    pub revoked: bool,
}

impl Message {
    /// What has to be the same in a repeat.
    fn content(&self) -> (u32, [&str; 4]) {
        (self.kind, [&self.to, &self.text, &self.media_id, &self.md5])
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
    /// How many of `incoming` a client has received, as its SyncKey shows.
    pub(crate) acknowledged: usize,
    /// Whether this login has received a reply to webwxsync.
    pub(crate) synced: bool,
    /// Index into `messages`, by sender and ClientMsgId.
    by_client_msg_id: HashMap<(String, String), usize>,
    media: HashMap<String, Arc<MediaFile>>,
}

/// A message that webwxsync delivers.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) msg_id: String,
    pub(crate) message: Value,
}

/// What was done with a message.
pub(crate) enum Delivery {
    New(String),
    /// The ClientMsgId was seen before. Holds the first MsgID, and whether the message is the same.
    Repeat {
        msg_id: String,
        same: bool,
    },
}

impl MessageStore {
    /// Stores a message, unless its sender has used the same ClientMsgId before.
    pub(crate) fn accept(&mut self, message: Message, media: Arc<MediaFile>) -> Delivery {
        let id = (message.from.clone(), message.client_msg_id.clone());
        if let Some(first) = self.by_client_msg_id.get(&id).map(|at| &mut self.messages[*at]) {
            first.repeats += 1;
            let same = first.content() == message.content();
            return Delivery::Repeat { msg_id: first.msg_id.clone(), same };
        }
        self.by_client_msg_id.insert(id, self.messages.len());
        let msg_id = message.msg_id.clone();
        self.media.insert(msg_id.clone(), media);
        self.messages.push(message);
        Delivery::New(msg_id)
    }

    pub(crate) fn add_incoming(
        &mut self,
        msg_id: &str,
        message: Value,
        media: Option<Arc<MediaFile>>,
    ) {
        if let Some(media) = media {
            self.media.insert(msg_id.to_owned(), media);
        }
        self.incoming.push(Waiting { msg_id: msg_id.to_owned(), message });
    }

    /// Returns the file of a message in either direction.
    pub(crate) fn media(&self, msg_id: &str) -> Option<Arc<MediaFile>> {
        self.media.get(msg_id).cloned()
    }
}
