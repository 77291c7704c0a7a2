//! Messages: those accepted from clients and those waiting for them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::picture::Picture;
use crate::random;

/// A picture message that a client sent and the server took.
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
    /// 3 for a picture, 47 for an emoticon.
    pub kind: u32,
    /// The MediaId it was sent with.
    pub media_id: String,
    /// The file name given at the upload.
    pub name: String,
    /// The picture's bytes.
    pub picture: Bytes,
    /// Their MD5 in lowercase hexadecimal.
    pub md5: String,
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
    pub(crate) incoming: Vec<Incoming>,
    /// How many of `incoming` a client has shown, by its SyncKey, to have.
    pub(crate) acknowledged: usize,
    /// Whether the first webwxsync of the login was answered.
    pub(crate) synced: bool,
    first_answers: HashMap<(String, String), Sent>,
    pictures: HashMap<String, Arc<Picture>>,
}

/// A message waiting to be synced.
#[derive(Clone)]
pub(crate) struct Incoming {
    pub(crate) msg_id: String,
    pub(crate) message: Value,
}

#[derive(Clone)]
struct Sent {
    msg_id: String,
    /// Tells apart a repeat from another message under the same id.
    what: String,
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
    /// The MsgID for a ClientMsgId of a user: a new one, or the first one again.
    pub(crate) fn deliver(&mut self, from: &str, client_msg_id: &str, what: &str) -> Delivery {
        let key = (from.to_owned(), client_msg_id.to_owned());
        if let Some(sent) = self.first_answers.get(&key) {
            return Delivery::Repeat { msg_id: sent.msg_id.clone(), same: sent.what == what };
        }
        let msg_id = random::msg_id().to_string();
        self.first_answers.insert(key, Sent { msg_id: msg_id.clone(), what: what.to_owned() });
        Delivery::New(msg_id)
    }

    pub(crate) fn store(&mut self, message: Message, picture: Arc<Picture>) {
        self.pictures.insert(message.msg_id.clone(), picture);
        self.messages.push(message);
    }

    pub(crate) fn add_incoming(&mut self, msg_id: &str, message: Value, picture: Option<Arc<Picture>>) {
        if let Some(picture) = picture {
            self.pictures.insert(msg_id.to_owned(), picture);
        }
        self.incoming.push(Incoming { msg_id: msg_id.to_owned(), message });
    }

    pub(crate) fn picture(&self, msg_id: &str) -> Option<Arc<Picture>> {
        self.pictures.get(msg_id).cloned()
    }
}
