use std::fmt;

use wx_proto::{InlineContent, Md5, Media, MediaKind, MsgId, Uploaded};

use super::inline_digest::InlineDigest;

/// The message that a key was used for, and the message that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedKey {
    pub(super) key: String,
    pub(super) msg_id: Option<MsgId>,
    pub(super) used: Summary,
    pub(super) given: Summary,
}

/// The properties that distinguish messages.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Summary {
    /// The kind and the name of media. `None` for content that needs no upload.
    pub(super) media: Option<(MediaKind, String)>,
    /// Identifies content that needs no upload.
    pub(super) inline: Option<InlineDigest>,
    /// The length of media or of a text. Unknown for a text that was sent.
    pub(super) bytes: Option<u64>,
    /// The MD5 of media. Unknown if another property differs.
    pub(super) md5: Option<Md5>,
}

impl From<&Media> for Summary {
    fn from(media: &Media) -> Self {
        let shown_as = (media.kind(), media.name().to_owned());
        Self { media: Some(shown_as), inline: None, bytes: Some(media.len()), md5: None }
    }
}

impl From<&Uploaded> for Summary {
    fn from(uploaded: &Uploaded) -> Self {
        let Uploaded { kind, name, bytes, md5, .. } = uploaded;
        let media = Some((*kind, name.clone()));
        Self { media, inline: None, bytes: Some(*bytes), md5: Some(*md5) }
    }
}

impl From<&InlineContent> for Summary {
    fn from(content: &InlineContent) -> Self {
        let bytes = match content {
            InlineContent::Text(text) => Some(text.content().len() as u64),
            _ => None,
        };
        Self { bytes, ..Self::sent_inline(Some(content.into())) }
    }
}

impl Summary {
    /// Describes content that was sent without an upload, of which only the digest is on record.
    pub(super) fn sent_inline(inline: Option<InlineDigest>) -> Self {
        Self { media: None, inline, bytes: None, md5: None }
    }

    /// Returns whether both are the same content that needs no upload.
    pub(super) fn is_same_inline(&self, other: &Self) -> bool {
        self.inline.is_some() && self.inline == other.inline
    }
}

impl fmt::Display for UsedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, msg_id, used, given } = self;
        write!(f, "the key {key:?} belongs to {used}")?;
        if let Some(msg_id) = msg_id {
            write!(f, ", which was sent as message {msg_id}")?;
        }
        write!(f, "; {given} was not sent: use a new key for it")
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.media, self.inline) {
            (Some((kind, name)), _) => write!(f, "the {kind} {name:?}")?,
            (None, Some(InlineDigest::Emoticon(md5))) => write!(f, "the emoticon {md5}")?,
            (None, Some(InlineDigest::Forward(_))) => f.write_str("the forwarded message")?,
            (None, Some(InlineDigest::Other(_))) => f.write_str("the message")?,
            (None, Some(InlineDigest::Text(_)) | None) => f.write_str("the text")?,
        }
        // The digests of texts are not shown, because the MD5 of a short text reveals it.
        self.bytes.map_or(Ok(()), |bytes| write!(f, " of {bytes} bytes"))?;
        self.md5.map_or(Ok(()), |md5| write!(f, " (MD5 {md5})"))
    }
}

/// Shows the same as `Display`, because the MD5 of a short text reveals it.
impl fmt::Debug for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_md5_of_media_is_shown_and_that_of_a_text_is_not() {
        let text = InlineContent::from("yes");
        let forward = r#"{"kind":"text","content":"yes"}"#;
        let forward = InlineContent::Forward(serde_json::from_str(forward).unwrap());
        let media = Media::new("a.gif", 13, b"GIF89a\x01\0\x01\0\0\0\0").unwrap();
        let media_md5 = Md5::digest(b"media");
        let of_media = Summary { md5: Some(media_md5), ..Summary::from(&media) };
        let md5_of = |content: &InlineContent| match InlineDigest::from(content) {
            InlineDigest::Text(md5) | InlineDigest::Forward(md5) => md5,
            other => panic!("{other:?}"),
        };
        assert_eq!(md5_of(&text), Md5::digest(b"yes"));
        for content in [&text, &forward] {
            for used in [Summary::from(content), Summary::sent_inline(Some(content.into()))] {
                let (key, msg_id) = ("key".to_owned(), None);
                let refused = UsedKey { key, msg_id, used, given: of_media.clone() };
                for shown in [refused.to_string(), format!("{refused:?}"), format!("{refused:#?}")]
                {
                    assert!(shown.contains(&media_md5.to_string()), "{shown}");
                    assert!(!shown.contains(&md5_of(content).to_string()), "{shown}");
                }
            }
        }
    }
}
