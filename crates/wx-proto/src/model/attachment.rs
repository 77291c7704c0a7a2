//! The values that are needed to fetch the media of a message ([§3](crate::protocol#s3),
//! [§3.4](crate::protocol#s3-4), [§3.5](crate::protocol#s3-5)).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::ids::{MediaId, MsgId, UserName};
use crate::model::image_format::ImageFormat;
use crate::model::image_variant::ImageVariant;
use crate::model::md5::Md5;
use crate::model::outside_url::OutsideUrl;
use crate::model::recording_format::RecordingFormat;
use crate::model::safe_file_name::safe_file_name;

/// The media of a message, with everything that is needed to [fetch](crate::flow::Fetch) it.
///
/// It is valid within one login. It contains no secret, and can be saved as JSON and fetched later,
/// without the message. How long the server keeps media is unknown.
///
/// ```
/// use wx_proto::Attachment;
///
/// let json = r#"{"msg_id":"8997396119269472610","kind":"image","variant":"original"}"#;
/// let attachment: Attachment = serde_json::from_str(json)?;
/// assert_eq!(attachment.msg_id.as_str(), "8997396119269472610");
/// assert_eq!(serde_json::to_string(&attachment)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attachment {
    /// The id of the message.
    pub msg_id: MsgId,
    /// The kind of media, and what else is needed to fetch it.
    #[serde(flatten)]
    pub kind: AttachmentKind,
}

/// The kind of media of an [`Attachment`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttachmentKind {
    /// An image or an emoticon, or the cover of a video.
    #[non_exhaustive]
    Image {
        /// The variant to fetch.
        variant: ImageVariant,
        /// The addresses of an emoticon on other hosts, which are only fetched if
        /// [`Policy::outside_hosts`](crate::Policy::outside_hosts) is set.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        outside: Vec<OutsideUrl>,
    },
    /// A video. Its cover is an [`Image`](Self::Image), which
    /// [`Message::cover`](crate::Message::cover) returns.
    Video,
    /// A voice message, which the server converts to MP3.
    Voice,
    /// A file.
    File(FileAttachment),
}

/// A file that was received.
///
/// `Debug` shows neither its names nor the sender, which are chosen by strangers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FileAttachment {
    /// The sender of the message, or the room that it arrived in.
    pub sender: UserName,
    /// The server's id of the file.
    pub media_id: MediaId,
    /// The name as the server encodes it, if the server sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encry_file_name: Option<String>,
    /// The name chosen by the sender. Pass it through [`safe_file_name`] before you use it in a
    /// path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The length in bytes, if the server sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub len: Option<u64>,
    /// The MD5 that the sender's program claims, if there is one. A download is not compared with
    /// it: compare [`Fetched::md5`](crate::Fetched::md5), and treat a difference as a warning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<Md5>,
}

impl Attachment {
    /// Larger files were never seen to arrive ([P79](crate::protocol#p79)).
    const LARGEST_FILE_SEEN: u64 = 25 * 1024 * 1024;

    /// Creates the attachment of an image, of which `variant` is fetched.
    #[must_use]
    pub const fn image(msg_id: MsgId, variant: ImageVariant) -> Self {
        Self { msg_id, kind: AttachmentKind::Image { variant, outside: Vec::new() } }
    }

    /// Creates the attachment of a video, which is an MP4.
    #[must_use]
    pub const fn video(msg_id: MsgId) -> Self {
        Self { msg_id, kind: AttachmentKind::Video }
    }

    /// Creates the attachment of a voice message, which is an MP3.
    #[must_use]
    pub const fn voice(msg_id: MsgId) -> Self {
        Self { msg_id, kind: AttachmentKind::Voice }
    }

    /// Returns the file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&FileAttachment> {
        match &self.kind {
            AttachmentKind::File(file) => Some(file),
            AttachmentKind::Image { .. } | AttachmentKind::Video | AttachmentKind::Voice => None,
        }
    }

    /// Returns a safe file name for the fetched media ([P78](crate::protocol#p78)): the id of the
    /// message, followed by the extension of an image, a video (`.mp4`) or a voice message
    /// (`.mp3`), or by the name of a file. `format` is the one in [`Fetched`](crate::Fetched).
    ///
    /// A video in an unknown format that was kept has the ending `.video.bin`.
    ///
    /// Two messages of a login never have the same name, but the variants of an image can. The
    /// sender controls only the part after the id.
    #[must_use]
    pub fn file_name(&self, format: Option<ImageFormat>) -> String {
        let id = &self.msg_id;
        match (&self.kind, format) {
            (AttachmentKind::Image { .. }, format) => {
                format!("{id}.{}", format.unwrap_or(ImageFormat::Unknown).extension())
            }
            // Its cover has the same id, and may be in an unknown format too.
            (AttachmentKind::Video, Some(format)) => format!("{id}.video.{}", format.extension()),
            (AttachmentKind::Voice, Some(format)) => format!("{id}.{}", format.extension()),
            (AttachmentKind::Video, None) => format!("{id}.{}", RecordingFormat::Mp4.extension()),
            (AttachmentKind::Voice, None) => format!("{id}.{}", RecordingFormat::Mp3.extension()),
            (AttachmentKind::File(file), _) => {
                let name = file.name.as_deref().unwrap_or_default();
                format!("{id}-{}", safe_file_name(name, id.as_str().len() + 1))
            }
        }
    }

    /// Returns whether the server probably does not have the media, because it is a file above 25
    /// MiB. Warn the user before the download ([P79](crate::protocol#p79)).
    #[must_use]
    pub fn may_be_unavailable(&self) -> bool {
        self.file().and_then(|file| file.len).is_some_and(|len| len > Self::LARGEST_FILE_SEEN)
    }
}

impl fmt::Debug for FileAttachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileAttachment")
            .field("len", &self.len)
            .field("md5", &self.md5)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn file() -> Value {
        json!({
            "msg_id": "8997396119269472610", "kind": "file", "sender": "@@00112233",
            "media_id": "@cdcdcd", "encry_file_name": "a%2Ezip", "name": "a.zip", "len": 1024,
            "md5": "900150983cd24fb0d6963f7d28e17f72",
        })
    }

    fn with(key: &str, value: Value) -> Value {
        let mut json = file();
        json[key] = value;
        json
    }

    #[test]
    fn it_is_the_same_after_json() {
        let image = Attachment::image(MsgId::new("7").unwrap(), ImageVariant::Emoticon);
        let bare = json!({
            "msg_id": "7", "kind": "file", "sender": "filehelper", "media_id": "@cd",
        });
        for json in [
            file(),
            bare,
            json!({ "msg_id": "7", "kind": "image", "variant": "emoticon" }),
            json!({ "msg_id": "7", "kind": "image", "variant": "thumbnail" }),
            json!({
                "msg_id": "7", "kind": "image", "variant": "emoticon",
                "outside": ["https://emoji.qpic.cn/wx_emoji/AAAA/"],
            }),
            json!({ "msg_id": "7", "kind": "video" }),
            json!({ "msg_id": "7", "kind": "voice" }),
        ] {
            let read: Attachment = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), json);
        }
        let json = serde_json::to_string(&image).unwrap();
        assert_eq!(serde_json::from_str::<Attachment>(&json).unwrap(), image);
    }

    #[test]
    fn forged_values_are_refused() {
        for (key, value) in [
            ("msg_id", json!("../7")),
            ("msg_id", json!(7)),
            ("kind", json!("folder")),
            ("sender", json!("a\nb")),
            ("sender", json!("")),
            ("media_id", json!("a b")),
            ("media_id", Value::Null),
            ("len", json!(-1)),
            ("len", json!("1024")),
            ("md5", json!("900150983cd24fb0d6963f7d28e17f7")),
        ] {
            let forged = with(key, value);
            assert!(serde_json::from_value::<Attachment>(forged.clone()).is_err(), "{forged}");
        }
        let forged = json!({
            "msg_id": "7", "kind": "image", "variant": "emoticon", "outside": ["http://evil.cn/"],
        });
        assert!(serde_json::from_value::<Attachment>(forged).is_err());
    }

    #[test]
    fn debug_shows_no_free_text() {
        let read: Attachment = serde_json::from_value(file()).unwrap();
        let shown = format!("{read:?}");
        assert!(shown.contains("8997396119269472610") && shown.contains("1024"), "{shown}");
        for text in ["zip", "@@0011", "@cdcd"] {
            assert!(!shown.contains(text), "{shown}");
        }
    }

    #[test]
    fn p78_a_file_name_begins_with_the_id() {
        let name = |name: Value| {
            serde_json::from_value::<Attachment>(with("name", name)).unwrap().file_name(None)
        };
        assert_eq!(name(json!("a/../b.zip")), "8997396119269472610-a_._b.zip");
        assert_eq!(name(Value::Null), "8997396119269472610-file");
        let long = name(json!(format!("{}.zip", "x".repeat(300))));
        assert!(long.len() == 255 && long.ends_with("x.zip"), "{long}");
        let image = Attachment::image(MsgId::new("7").unwrap(), ImageVariant::Original);
        assert_eq!(image.file_name(Some(ImageFormat::Jpeg)), "7.jpg");
        assert_eq!(image.file_name(None), "7.bin");
        let id = || MsgId::new("7").unwrap();
        assert_eq!(Attachment::video(id()).file_name(None), "7.mp4");
        assert_eq!(Attachment::voice(id()).file_name(None), "7.mp3");
        // What was kept without being recognised: a video and its cover have the same id.
        let kept = |attachment: Attachment| attachment.file_name(Some(ImageFormat::Unknown));
        assert_eq!(kept(Attachment::video(id())), "7.video.bin");
        assert_eq!(kept(Attachment::image(id(), ImageVariant::Thumbnail)), "7.bin");
        assert_eq!(kept(Attachment::voice(id())), "7.bin");
    }

    #[test]
    fn p79_a_file_above_25_mib_may_be_unavailable() {
        for (len, expected) in
            [(json!(26_214_400), false), (json!(26_214_401), true), (Value::Null, false)]
        {
            let read: Attachment = serde_json::from_value(with("len", len)).unwrap();
            assert_eq!(read.may_be_unavailable(), expected, "{read:?}");
        }
        let image = Attachment::image(MsgId::new("7").unwrap(), ImageVariant::Original);
        assert!(!image.may_be_unavailable());
    }
}
