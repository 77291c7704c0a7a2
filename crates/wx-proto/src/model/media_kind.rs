//! The kinds of message that an upload can be sent as, in a table by kind and profile.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::policy::Policy;
use crate::model::profile::Profile;

/// The kind of message that an upload is sent as. There is none for voice messages, which web
/// WeChat cannot send: send the sound as a [`File`](Self::File) ([P83](crate::protocol#p83)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaKind {
    /// An image: JPEG, PNG or BMP.
    Image,
    /// An emoticon, which is the default for a GIF ([P47](crate::protocol#p47)).
    Emoticon,
    /// A video: an MP4, which is the default if its name says so too ([P80](crate::protocol#p80)).
    Video,
    /// A file, which is shown by its name ([§4.8](crate::protocol#s4-8)).
    File,
}

/// The upload and the message of a kind.
pub(crate) struct KindRow {
    /// `mediatype` in the upload form ([P31](crate::protocol#p31)).
    pub(crate) media_type: &'static str,
    /// The extension by which the official page recognises this kind; empty if this library does
    /// not check the name.
    pub(crate) extension: &'static str,
    /// The largest length in bytes.
    pub(crate) largest: fn(&Policy) -> u64,
    /// The upload of files that are larger than
    /// [`Policy::check_above`](crate::Policy::check_above).
    pub(crate) large: LargeUpload,
    pub(crate) message: MessageRow,
}

/// The upload of a large file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LargeUpload {
    /// By webwxuploadmedia, after webwxcheckupload ([P73](crate::protocol#p73)).
    Checked,
    /// By webwxuploadmediaparallel, after webwxcheckupload ([P98](crate::protocol#p98)).
    Parallel,
    /// Not at all, because no source shows how.
    Refused,
}

/// The call that sends a message.
#[derive(Debug)]
pub(crate) struct MessageRow {
    /// The name of the call, and the beginning of its query.
    pub(crate) call: &'static str,
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// `Type` and `EmojiFlag` of the message.
    pub(crate) msg_type: u8,
    pub(crate) emoji_flag: Option<u8>,
    /// Whether the message refers to its upload by `MediaId`.
    pub(crate) has_media_id: bool,
    /// Whether the message has a `Content`: empty, the text, or XML that names the upload.
    pub(crate) has_content: bool,
}

const IMAGE: KindRow = KindRow {
    media_type: "pic",
    extension: "",
    largest: |policy| policy.max_upload,
    large: LargeUpload::Checked,
    message: MessageRow {
        call: "webwxsendmsgimg",
        query: &[("fun", "async"), ("f", "json")],
        msg_type: 3,
        emoji_flag: None,
        has_media_id: true,
        has_content: true,
    },
};

const EMOTICON: KindRow = KindRow {
    media_type: "doc",
    message: MessageRow {
        call: "webwxsendemoticon",
        query: &[("fun", "sys")],
        msg_type: 47,
        emoji_flag: Some(2),
        has_content: false,
        ..IMAGE.message
    },
    ..IMAGE
};

const VIDEO: KindRow = KindRow {
    media_type: "video",
    extension: ".mp4",
    largest: |policy| policy.max_video,
    message: MessageRow { call: "webwxsendvideomsg", msg_type: 43, ..IMAGE.message },
    ..IMAGE
};

const FILE: KindRow = KindRow {
    media_type: "doc",
    largest: |policy| policy.max_file,
    message: MessageRow {
        call: "webwxsendappmsg",
        msg_type: 6,
        has_media_id: false,
        ..IMAGE.message
    },
    ..IMAGE
};

/// The row of a text, which has no upload ([P61](crate::protocol#p61)).
pub(crate) const TEXT: MessageRow = MessageRow {
    call: "webwxsendmsg",
    query: &[],
    msg_type: 1,
    has_media_id: false,
    ..IMAGE.message
};

/// The row of a location, which can only be forwarded ([P87](crate::protocol#p87)).
pub(crate) const LOCATION: MessageRow = MessageRow { msg_type: 48, ..TEXT };

/// The row of a short video, which can only be forwarded.
pub(crate) const SHORT_VIDEO: MessageRow = MessageRow { msg_type: 62, ..VIDEO.message };

/// The row of an emoticon that is sent by its MD5 ([P84](crate::protocol#p84)).
pub(crate) const KNOWN_EMOTICON: MessageRow =
    MessageRow { has_media_id: false, ..EMOTICON.message };

/// The row of an emoticon that is forwarded: the page has no EmojiFlag in that case.
pub(crate) const FORWARDED_EMOTICON: MessageRow = MessageRow { emoji_flag: None, ..KNOWN_EMOTICON };

impl MediaKind {
    pub(crate) const fn row(self, profile: Profile) -> &'static KindRow {
        const IMAGE_TO_HELPER: KindRow = KindRow { large: LargeUpload::Refused, ..IMAGE };
        const EMOTICON_TO_HELPER: KindRow = KindRow { large: LargeUpload::Refused, ..EMOTICON };
        const VIDEO_TO_HELPER: KindRow = KindRow { large: LargeUpload::Refused, ..VIDEO };
        const FILE_TO_HELPER: KindRow = KindRow { large: LargeUpload::Parallel, ..FILE };
        match (self, profile) {
            (Self::Image, Profile::Web) => &IMAGE,
            (Self::Emoticon, Profile::Web) => &EMOTICON,
            (Self::Video, Profile::Web) => &VIDEO,
            (Self::File, Profile::Web) => &FILE,
            (Self::Image, Profile::FileHelper) => &IMAGE_TO_HELPER,
            (Self::Emoticon, Profile::FileHelper) => &EMOTICON_TO_HELPER,
            (Self::Video, Profile::FileHelper) => &VIDEO_TO_HELPER,
            (Self::File, Profile::FileHelper) => &FILE_TO_HELPER,
        }
    }

    /// Returns the name in lower case, such as `image`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Emoticon => "emoticon",
            Self::Video => "video",
            Self::File => "file",
        }
    }

    /// Whether a file of this name is sent as this kind by default.
    pub(crate) fn is_named(self, name: &str) -> bool {
        let extension = self.row(Profile::Web).extension.as_bytes();
        let end = name.len().checked_sub(extension.len()).and_then(|at| name.as_bytes().get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(extension))
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
