//! Messages: those accepted from clients and those waiting for them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::picture::Picture;

/// A message that a client sent and the server accepted.
#[derive(Clone)]
#[non_exhaustive]
pub struct Message {
    /// The id the server answered: the picture can be fetched under it.
    pub msg_id: String,
    /// The client's own id.
    pub client_msg_id: String,
    /// The sender's UserName.
    pub from: String,
    /// The recipient's UserName.
    pub to: String,
    /// 1 for a text, 3 for a picture, 6 for a file, 43 for a video, 47 for an emoticon.
    pub kind: u32,
    /// The text, or the XML that names a file.
    pub text: String,
    /// The MediaId it was sent with, if it is no text.
    pub media_id: String,
    /// The file name given at the upload.
    pub name: String,
    /// The bytes of the picture, file or video.
    pub picture: Bytes,
    /// Their MD5 in lowercase hexadecimal.
    pub md5: String,
    /// How often it came again, under the same ClientMsgId.
    pub repeats: usize,
    /// Whether the client took it back.
    pub revoked: bool,
}

impl Message {
    fn is_alike(&self, other: &Message) -> bool {
        let content = |of: &Message| {
            (of.kind, of.to.clone(), of.text.clone(), of.media_id.clone(), of.md5.clone())
        };
        content(self) == content(other)
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
            .field("bytes", &self.picture.len())
            .field("md5", &self.md5)
            .finish_non_exhaustive()
    }
}

/// What the server keeps of messages.
#[derive(Default)]
pub(crate) struct Mailbox {
    pub(crate) messages: Vec<Message>,
    pub(crate) incoming: Vec<Waiting>,
    /// How many of `incoming` a client has shown, by its SyncKey, to have.
    pub(crate) acknowledged: usize,
    /// Whether the first webwxsync of the login was answered.
    pub(crate) synced: bool,
    /// Where a message stands, by sender and ClientMsgId.
    by_client_msg_id: HashMap<(String, String), usize>,
    pictures: HashMap<String, Arc<Picture>>,
}

/// A message waiting to be synced.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) msg_id: String,
    pub(crate) message: Value,
}

/// What became of a message with a ClientMsgId.
pub(crate) enum Delivery {
    New(String),
    /// Seen before: the first MsgID, and whether it was the same message.
    Repeat {
        msg_id: String,
        same: bool,
    },
}

impl Mailbox {
    /// Stores a message, unless its sender has sent one under the same ClientMsgId before.
    pub(crate) fn accept(&mut self, message: Message, picture: Arc<Picture>) -> Delivery {
        let id = (message.from.clone(), message.client_msg_id.clone());
        if let Some(first) = self.by_client_msg_id.get(&id).map(|at| &mut self.messages[*at]) {
            first.repeats += 1;
            let same = first.is_alike(&message);
            return Delivery::Repeat { msg_id: first.msg_id.clone(), same };
        }
        self.by_client_msg_id.insert(id, self.messages.len());
        let msg_id = message.msg_id.clone();
        self.pictures.insert(msg_id.clone(), picture);
        self.messages.push(message);
        Delivery::New(msg_id)
    }

    pub(crate) fn add_incoming(
        &mut self,
        msg_id: &str,
        message: Value,
        picture: Option<Arc<Picture>>,
    ) {
        if let Some(picture) = picture {
            self.pictures.insert(msg_id.to_owned(), picture);
        }
        self.incoming.push(Waiting { msg_id: msg_id.to_owned(), message });
    }

    pub(crate) fn picture(&self, msg_id: &str) -> Option<Arc<Picture>> {
        self.pictures.get(msg_id).cloned()
    }
}
