//! Messages that arrive for the client, as webwxsync delivers them.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::emulator::Profile;
use crate::hub::Hub;
use crate::picture::Picture;
use crate::replies::{encry_file_name, escape};

/// A message for [`Emulator::deliver`](crate::Emulator::deliver). Bytes alone are an image.
///
/// ```
/// use wx_emulator::{Emulator, Incoming};
///
/// let server = Emulator::builder().room("The Room", ["Bob"]).start()?;
/// let room = server.room("The Room").unwrap();
/// server.deliver(Incoming::text("hello").sender(&room.members[0]).room(&room.user_name));
/// assert_eq!(server.incoming().len(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Incoming {
    content: Content,
    sender: Option<String>,
    room: Option<String>,
    created: Option<u64>,
    changes: Map<String, Value>,
}

#[derive(Clone)]
enum Content {
    Text(String),
    Image(Bytes),
    File { name: String, bytes: Bytes },
}

impl Incoming {
    fn new(content: Content) -> Self {
        let (sender, room, created, changes) = (None, None, None, Map::new());
        Incoming { content, sender, room, created, changes }
    }

    /// A text, as it stands in `Content`: escaped, if it has to be.
    pub fn text(text: impl Into<String>) -> Self {
        Incoming::new(Content::Text(text.into()))
    }

    /// An image; a GIF is an emoticon.
    pub fn image(image: impl Into<Bytes>) -> Self {
        Incoming::new(Content::Image(image.into()))
    }

    /// A file.
    pub fn file(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Incoming::new(Content::File { name: name.into(), bytes: bytes.into() })
    }

    /// UserName of the sender, by default [`Emulator::friend`](crate::Emulator::friend). On the
    /// page of the File Transfer Helper, it is the account itself, and `filehelper` is the
    /// recipient.
    pub fn sender(mut self, user_name: impl Into<String>) -> Self {
        self.sender = Some(user_name.into());
        self
    }

    /// UserName of the room that the message is sent in.
    pub fn room(mut self, user_name: impl Into<String>) -> Self {
        self.room = Some(user_name.into());
        self
    }

    /// `CreateTime` in Unix seconds, by default now.
    pub fn created(mut self, unix_seconds: u64) -> Self {
        self.created = Some(unix_seconds);
        self
    }

    /// Sets a key of the message, as webwxsync has it, in the place of what stands there.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.changes.insert(key.into(), value.into());
        self
    }
}

impl From<Bytes> for Incoming {
    fn from(image: Bytes) -> Self {
        Incoming::image(image)
    }
}

impl From<Vec<u8>> for Incoming {
    fn from(image: Vec<u8>) -> Self {
        Incoming::image(image)
    }
}

impl From<&'static [u8]> for Incoming {
    fn from(image: &'static [u8]) -> Self {
        Incoming::image(image)
    }
}

/// Shows no content.
impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

/// What only some kinds of message have.
#[derive(Default)]
struct Keys {
    msg_type: u32,
    app_msg_type: u32,
    content: String,
    img_status: u32,
    height: u32,
    width: u32,
    file_name: String,
    file_size: String,
    media_id: String,
    encry_file_name: String,
    app_id: &'static str,
    picture: Option<Arc<Picture>>,
}

impl Hub {
    /// A message arrives for the client; gives its MsgId.
    pub(crate) fn deliver(&self, incoming: Incoming) -> String {
        let kind = self.kind(incoming.content);
        let (from, to, prefix) = self.direction(incoming.sender, incoming.room);
        let created = incoming.created.unwrap_or_else(now);
        let msg_id = crate::random::msg_id();
        let mut message = json!({
            "MsgId": msg_id.to_string(), "FromUserName": from, "ToUserName": to,
            "MsgType": kind.msg_type, "Content": prefix + &kind.content, "Status": 3,
            "ImgStatus": kind.img_status, "CreateTime": created, "VoiceLength": 0, "PlayLength": 0,
            "FileName": kind.file_name, "FileSize": kind.file_size, "MediaId": kind.media_id,
            "Url": "", "AppMsgType": kind.app_msg_type, "StatusNotifyCode": 0,
            "StatusNotifyUserName": "",
            "RecommendInfo": {
                "UserName": "", "NickName": "", "QQNum": 0, "Province": "", "City": "",
                "Content": "", "Signature": "", "Alias": "", "Scene": 0, "VerifyFlag": 0,
                "AttrStatus": 0, "Sex": 0, "Ticket": "", "OpCode": 0,
            },
            "ForwardFlag": 0, "AppInfo": { "AppID": kind.app_id, "Type": 0 }, "HasProductId": 0,
            "Ticket": "", "ImgHeight": kind.height, "ImgWidth": kind.width, "SubMsgType": 0,
            "NewMsgId": msg_id, "OriContent": "", "EncryFileName": kind.encry_file_name,
        });
        for (key, value) in incoming.changes {
            message[&key] = value;
        }
        let msg_id = message["MsgId"].as_str().map_or(msg_id.to_string(), str::to_owned);
        self.mailbox().add_incoming(&msg_id, message, kind.picture);
        self.arrival.notify_waiters();
        msg_id
    }

    /// FromUserName, ToUserName, and what a room's messages have before their content.
    fn direction(&self, sender: Option<String>, room: Option<String>) -> (String, String, String) {
        let own = self.account.user_name.clone();
        if self.logins().profile == Profile::FileHelper {
            return (own, "filehelper".to_owned(), String::new());
        }
        let sender = sender.unwrap_or_else(|| self.account.friend.clone());
        match room {
            // An own message sent from the phone has no prefix.
            Some(room) if sender == own => (own, room, String::new()),
            Some(room) => (room, own, format!("{sender}:<br/>")),
            None if sender == own => (own, self.account.friend.clone(), String::new()),
            None => (sender, own, String::new()),
        }
    }

    fn kind(&self, content: Content) -> Keys {
        match content {
            Content::Text(content) => {
                Keys { msg_type: 1, content, img_status: 1, ..Keys::default() }
            }
            Content::Image(bytes) => image(self.gallery().keep(Picture::new(bytes))),
            Content::File { name, bytes } => self.file(&name, bytes),
        }
    }

    fn file(&self, name: &str, bytes: Bytes) -> Keys {
        let mut gallery = self.gallery();
        let picture = gallery.keep(Picture::new(bytes));
        let media_id = gallery.hand_out(picture.clone(), name);
        let size = picture.bytes.len();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let content = escape(&format!(
            "<msg><appmsg appid=\"\" sdkver=\"0\"><title>{name}</title><des></des><type>6</type>\
             <appattach><totallen>{size}</totallen><attachid>{media_id}</attachid>\
             <fileext>{extension}</fileext></appattach><md5>{}</md5></appmsg></msg>",
            picture.md5
        ));
        Keys {
            msg_type: 49,
            app_msg_type: 6,
            content,
            img_status: 1,
            file_name: name.to_owned(),
            file_size: size.to_string(),
            encry_file_name: encry_file_name(name),
            app_id: "wx6618f1cfc6c132f8",
            media_id,
            ..Keys::default()
        }
    }
}

fn image(picture: Arc<Picture>) -> Keys {
    let (height, width) = picture.announced();
    let (length, md5) = (picture.bytes.len(), &picture.md5);
    let (msg_type, content) = if picture.is_gif() {
        (47, format!("<msg><emoji md5=\"{md5}\" len=\"{length}\" /></msg>"))
    } else {
        (3, format!("<msg><img length=\"{length}\" md5=\"{md5}\" /></msg>"))
    };
    let content = escape(&content);
    Keys {
        msg_type,
        content,
        img_status: 2,
        height,
        width,
        picture: Some(picture),
        ..Keys::default()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
