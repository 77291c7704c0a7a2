//! The kinds that an upload can be sent as, with a table of one row per kind and profile.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::profile::Profile;

/// The kind that an upload is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaKind {
    /// An image: JPEG, PNG or BMP.
    Image,
    /// An emoticon, which is the default for a GIF ([P47](crate::protocol#p47)).
    Emoticon,
    /// A file of no special kind ([§4.8](crate::protocol#s4-8)).
    File,
}

/// How a kind is uploaded and sent.
pub(crate) struct KindRow {
    /// `mediatype` in the upload form ([P31](crate::protocol#p31)).
    pub(crate) media_type: &'static str,
    /// The largest upload in bytes, if there is a limit besides that of the policy.
    pub(crate) limit: Option<u64>,
    /// The name of the call that sends it, and the beginning of its query.
    pub(crate) call: &'static str,
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// `Type` and `EmojiFlag` of the message.
    pub(crate) msg_type: u8,
    pub(crate) emoji_flag: Option<u8>,
    pub(crate) content: Content,
}

/// How the message refers to the upload.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// By its MediaId, with an empty `Content`.
    MediaId,
    /// By its MediaId, without `Content`.
    MediaIdAlone,
    /// By XML with its name, its length and its MediaId.
    AppMsg,
}

const IMAGE: KindRow = KindRow {
    media_type: "pic",
    limit: None,
    call: "webwxsendmsgimg",
    query: &[("fun", "async"), ("f", "json")],
    msg_type: 3,
    emoji_flag: None,
    content: Content::MediaId,
};

const EMOTICON: KindRow = KindRow {
    media_type: "doc",
    call: "webwxsendemoticon",
    query: &[("fun", "sys")],
    msg_type: 47,
    emoji_flag: Some(2),
    content: Content::MediaIdAlone,
    ..IMAGE
};

const FILE: KindRow = KindRow {
    media_type: "doc",
    call: "webwxsendappmsg",
    msg_type: 6,
    content: Content::AppMsg,
    ..IMAGE
};

/// The limit of the File Transfer Helper for this upload. Its other upload, for larger files, is
/// not implemented ([§8.8](crate::protocol#s8-8)).
const FILE_HELPER: Option<u64> = Some(25 * 1024 * 1024);

impl MediaKind {
    pub(crate) const fn row(self, profile: Profile) -> &'static KindRow {
        const IMAGE_TO_HELPER: KindRow = KindRow { limit: FILE_HELPER, ..IMAGE };
        const EMOTICON_TO_HELPER: KindRow = KindRow { limit: FILE_HELPER, ..EMOTICON };
        const FILE_TO_HELPER: KindRow = KindRow { limit: FILE_HELPER, ..FILE };
        match (self, profile) {
            (Self::Image, Profile::Web) => &IMAGE,
            (Self::Emoticon, Profile::Web) => &EMOTICON,
            (Self::File, Profile::Web) => &FILE,
            (Self::Image, Profile::FileHelper) => &IMAGE_TO_HELPER,
            (Self::Emoticon, Profile::FileHelper) => &EMOTICON_TO_HELPER,
            (Self::File, Profile::FileHelper) => &FILE_TO_HELPER,
        }
    }

    /// Returns the name in lower case, such as `image`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Emoticon => "emoticon",
            Self::File => "file",
        }
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
