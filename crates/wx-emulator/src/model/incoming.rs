//! Messages that a test delivers to the client.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::replies::escape;

/// The `MsgType` of a friend request.
pub(crate) const FRIEND_REQUEST: u32 = 37;

/// The `MsgType` of an emoticon.
pub(crate) const EMOTICON: u32 = 47;

/// A message for [`Emulator::deliver`](crate::Emulator::deliver). Bytes convert into an image
/// message.
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
    pub(crate) content: Content,
    pub(crate) sender: Option<String>,
    pub(crate) room: Option<String>,
    /// `CreateTime` in Unix seconds.
    pub(crate) created: Option<u64>,
    /// Keys of the message whose values are overridden.
    pub(crate) overrides: Map<String, Value>,
}

#[derive(Clone)]
pub(crate) enum Content {
    Text(String),
    Image(Bytes),
    Video(Bytes),
    Voice(Bytes),
    File {
        name: String,
        bytes: Bytes,
    },
    /// An emoticon whose image the server does not have.
    OutsideEmoticon(Bytes),
    StoreEmoticon(Bytes),
    Location {
        latitude: String,
        longitude: String,
        label: String,
    },
    FriendRequest {
        user_name: String,
        nick_name: String,
        greeting: String,
    },
}

impl Incoming {
    fn new(content: Content) -> Self {
        Incoming { content, sender: None, room: None, created: None, overrides: Map::new() }
    }

    /// Creates a text message. The text is used as `Content` without escaping, so it has to be
    /// escaped already.
    pub fn text(text: impl Into<String>) -> Self {
        Incoming::new(Content::Text(text.into()))
    }

    /// Creates a text message from a text as its sender wrote it. The server escapes it and writes
    /// `<br/>` for a line break.
    pub fn plain_text(text: &str) -> Self {
        Incoming::text(escape(text).replace('\n', "<br/>"))
    }

    /// Creates an image message, or an emoticon if the image is a GIF.
    pub fn image(image: impl Into<Bytes>) -> Self {
        Incoming::new(Content::Image(image.into()))
    }

    /// Creates the message of an emoticon whose image webwxgetmsgimg does not have, but the host in
    /// the message has. This server serves that host too.
    pub fn outside_emoticon(gif: impl Into<Bytes>) -> Self {
        Incoming::new(Content::OutsideEmoticon(gif.into()))
    }

    /// Creates the message of an emoticon from the store, whose image nobody has. On the page of
    /// the File Transfer Helper, it is a text.
    pub fn store_emoticon(gif: impl Into<Bytes>) -> Self {
        Incoming::new(Content::StoreEmoticon(gif.into()))
    }

    /// Creates a location, with the latitude and the longitude in degrees.
    pub fn location(
        latitude: impl Into<String>,
        longitude: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        let (latitude, longitude) = (latitude.into(), longitude.into());
        Incoming::new(Content::Location { latitude, longitude, label: label.into() })
    }

    /// Creates a video message. The emulator plays nothing, so `PlayLength` is always 1, in
    /// seconds.
    pub fn video(mp4: impl Into<Bytes>) -> Self {
        Incoming::new(Content::Video(mp4.into()))
    }

    /// Creates a voice message. The emulator plays nothing, so `VoiceLength` is always 1000, in
    /// milliseconds.
    pub fn voice(mp3: impl Into<Bytes>) -> Self {
        Incoming::new(Content::Voice(mp3.into()))
    }

    /// Creates a file message.
    pub fn file(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Incoming::new(Content::File { name: name.into(), bytes: bytes.into() })
    }

    /// Creates the friend request of a stranger. Its sender is `fmessage`.
    pub fn friend_request(
        user_name: impl Into<String>,
        nick_name: impl Into<String>,
        greeting: impl Into<String>,
    ) -> Self {
        let (user_name, nick_name) = (user_name.into(), nick_name.into());
        let content = Content::FriendRequest { user_name, nick_name, greeting: greeting.into() };
        Incoming::new(content).sender("fmessage")
    }

    /// Sets the UserName of the sender. The default is
    /// [`Emulator::friend`](crate::Emulator::friend). On the page of the File Transfer Helper, the
    /// sender is always the account itself and the recipient is `filehelper`.
    pub fn sender(mut self, user_name: impl Into<String>) -> Self {
        self.sender = Some(user_name.into());
        self
    }

    /// Sets the UserName of the room to which the message is sent.
    pub fn room(mut self, user_name: impl Into<String>) -> Self {
        self.room = Some(user_name.into());
        self
    }

    /// Sets `CreateTime` in Unix seconds. The default is the current time.
    pub fn created(mut self, unix_seconds: u64) -> Self {
        self.created = Some(unix_seconds);
        self
    }

    /// Overrides the value of a key in the message that webwxsync sends.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.overrides.insert(key.into(), value.into());
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
