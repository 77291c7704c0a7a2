//! Identifies content that needs no upload, without containing it.

use serde::{Deserialize, Serialize};
use wx_proto::{Forward, InlineContent, Md5, Md5Hasher, Text};

/// The MD5 by which content that needs no upload is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InlineDigest {
    Text(Md5),
    /// The MD5 of the emoticon itself.
    Emoticon(Md5),
    /// The MD5 of the JSON of a message that is forwarded.
    Forward(Md5),
    /// The MD5 of the JSON of content of any other kind.
    Other(Md5),
}

/// The recorded form of an optional [`InlineDigest`]: at most one of the keys.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct SavedDigest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<Md5>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    emoticon: Option<Md5>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forward: Option<Md5>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inline: Option<Md5>,
}

impl From<&InlineContent> for InlineDigest {
    fn from(content: &InlineContent) -> Self {
        match content {
            InlineContent::Text(text) => Self::Text(digest_text(text)),
            InlineContent::Emoticon(emoticon) => Self::Emoticon(emoticon.md5()),
            InlineContent::Forward(forward) => Self::Forward(digest_forward(forward)),
            other => Self::Other(Md5::digest(&serde_json::to_vec(other).unwrap_or_default())),
        }
    }
}

impl From<Option<InlineDigest>> for SavedDigest {
    fn from(digest: Option<InlineDigest>) -> Self {
        let none = Self::default();
        match digest {
            Some(InlineDigest::Text(md5)) => Self { text: Some(md5), ..none },
            Some(InlineDigest::Emoticon(md5)) => Self { emoticon: Some(md5), ..none },
            Some(InlineDigest::Forward(md5)) => Self { forward: Some(md5), ..none },
            Some(InlineDigest::Other(md5)) => Self { inline: Some(md5), ..none },
            None => none,
        }
    }
}

impl From<SavedDigest> for Option<InlineDigest> {
    fn from(saved: SavedDigest) -> Self {
        let SavedDigest { text, emoticon, forward, inline } = saved;
        text.map(InlineDigest::Text)
            .or(emoticon.map(InlineDigest::Emoticon))
            .or(forward.map(InlineDigest::Forward))
            .or(inline.map(InlineDigest::Other))
    }
}

fn digest_text(text: &Text) -> Md5 {
    let mut hasher = Md5Hasher::new();
    hasher.update(text.content());
    for name in text.notified() {
        hasher.update([0]);
        hasher.update(name.as_str());
    }
    hasher.finish()
}

fn digest_forward(forward: &Forward) -> Md5 {
    // It consists of strings and numbers, so this cannot fail.
    Md5::digest(&serde_json::to_vec(forward).unwrap_or_default())
}
