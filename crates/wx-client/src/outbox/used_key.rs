use std::fmt;

use wx_proto::{Md5, Md5Hasher, Media, MediaKind, MsgId, Text, Uploaded};

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
    /// The kind and the name of media. `None` for a text.
    pub(super) media: Option<(MediaKind, String)>,
    /// Unknown for a text that was sent.
    pub(super) bytes: Option<u64>,
    /// Unknown if another property differs.
    pub(super) md5: Option<Md5>,
}

impl From<&Media> for Summary {
    fn from(media: &Media) -> Self {
        let shown_as = (media.kind(), media.name().to_owned());
        Self { media: Some(shown_as), bytes: Some(media.len()), md5: None }
    }
}

impl From<&Uploaded> for Summary {
    fn from(uploaded: &Uploaded) -> Self {
        let Uploaded { kind, name, bytes, md5, .. } = uploaded;
        Self { media: Some((*kind, name.clone())), bytes: Some(*bytes), md5: Some(*md5) }
    }
}

impl From<&Text> for Summary {
    fn from(text: &Text) -> Self {
        let bytes = Some(text.content().len() as u64);
        Self { media: None, bytes, md5: Some(md5_of(text)) }
    }
}

impl Summary {
    /// Describes a text that was sent, of which only the MD5 is on record.
    pub(super) fn sent_text(md5: Option<Md5>) -> Self {
        Self { media: None, bytes: None, md5 }
    }
}

/// Returns the MD5 by which a text is recognised.
pub(super) fn md5_of(text: &Text) -> Md5 {
    let mut hasher = Md5Hasher::new();
    hasher.update(text.content());
    for name in text.notified() {
        hasher.update([0]);
        hasher.update(name.as_str());
    }
    hasher.finish()
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
        let Self { media, bytes, md5 } = self;
        match media {
            Some((kind, name)) => write!(f, "the {kind} {name:?}")?,
            None => f.write_str("the text")?,
        }
        bytes.map_or(Ok(()), |bytes| write!(f, " of {bytes} bytes"))?;
        // The MD5 of a short text reveals it.
        md5.filter(|_| media.is_some()).map_or(Ok(()), |md5| write!(f, " (MD5 {md5})"))
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
        let text = Text::new("yes");
        let media = Media::new("a.gif", 13, b"GIF89a\x01\0\x01\0\0\0\0").unwrap();
        let media_md5 = Md5::digest(b"media");
        let of_media = Summary { md5: Some(media_md5), ..Summary::from(&media) };
        let of_texts = [Summary::from(&text), Summary::sent_text(Some(md5_of(&text)))];
        for used in of_texts {
            assert_eq!(used.md5, Some(Md5::digest(b"yes")));
            let (key, msg_id) = ("key".to_owned(), None);
            let refused = UsedKey { key, msg_id, used, given: of_media.clone() };
            for shown in [refused.to_string(), format!("{refused:?}"), format!("{refused:#?}")] {
                assert!(shown.contains(&media_md5.to_string()), "{shown}");
                assert!(!shown.contains(&md5_of(&text).to_string()), "{shown}");
            }
        }
    }
}
