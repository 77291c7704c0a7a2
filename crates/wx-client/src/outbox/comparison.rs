//! Whether a picture is the one that a key was used for.

use std::fmt;
use std::ops::Range;

use wx_proto::{Md5, Md5Hasher, Media, MediaKind, MsgId, Uploaded};

use super::error::{OutboxError, OutboxErrorKind};

/// Compares a picture with the one that a key was used for: first what is said of it, then its
/// MD5. Made by [`OutboxJob::compare`](super::OutboxJob::compare).
#[derive(Debug)]
#[must_use = "the pictures are equal only if `finish` says so"]
pub struct Comparison {
    refused: Box<UsedKey>,
    hasher: Md5Hasher,
    read: u64,
    ended: bool,
}

/// The picture that a key was used for, and another one that was to be sent under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedKey {
    key: String,
    msg_id: Option<MsgId>,
    used: PictureMarks,
    given: PictureMarks,
}

/// What distinguishes pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PictureMarks {
    kind: MediaKind,
    name: String,
    bytes: u64,
    /// Unknown if something else was different.
    md5: Option<Md5>,
}

/// Reading a picture takes pieces of this size.
const PIECE: u64 = 512 * 1024;

impl Comparison {
    pub(super) fn new(
        key: &str,
        msg_id: Option<MsgId>,
        used: &Uploaded,
        given: &Media,
    ) -> Result<Self, OutboxError> {
        let used = PictureMarks {
            kind: used.kind,
            name: used.name.clone(),
            bytes: used.bytes,
            md5: Some(used.md5),
        };
        let given = PictureMarks::from(given);
        let is_same = used.bytes == given.bytes
            && are_shown_alike((used.kind, &used.name), (given.kind, &given.name));
        let refused = Box::new(UsedKey { key: key.to_owned(), msg_id, used, given });
        if !is_same {
            return Err(OutboxErrorKind::UsedKey(refused).into());
        }
        Ok(Self { refused, hasher: Md5Hasher::new(), read: 0, ended: false })
    }

    /// Returns the bytes of the picture to be read next; `None` once all have been read.
    #[must_use]
    pub fn next_span(&self) -> Option<Range<u64>> {
        let len = self.refused.given.bytes;
        // The last span reaches one byte past the end, where there must be nothing.
        let end = (self.read + PIECE).min(len + 1);
        (!self.ended && self.read < len).then_some(self.read..end)
    }

    /// Takes the bytes that were read; none if the picture has ended early.
    pub fn update(&mut self, bytes: &[u8]) {
        self.ended |= bytes.is_empty();
        self.read += bytes.len() as u64;
        self.hasher.update(bytes);
    }

    /// Ends the comparison.
    ///
    /// # Errors
    /// [`OutboxErrorKind::UsedKey`] if the picture is another one.
    pub fn finish(mut self) -> Result<(), OutboxError> {
        let md5 = Some(self.hasher.finish());
        if md5 == self.refused.used.md5 {
            return Ok(());
        }
        self.refused.given.md5 = md5;
        Err(OutboxErrorKind::UsedKey(self.refused).into())
    }
}

/// Whether recipients see the same in two messages with equal bytes, by their kinds and names. Only
/// a file is shown with its name.
pub(super) fn are_shown_alike(used: (MediaKind, &str), given: (MediaKind, &str)) -> bool {
    used.0 == given.0 && (used.0 != MediaKind::File || used.1 == given.1)
}

impl From<&Media> for PictureMarks {
    fn from(media: &Media) -> Self {
        Self { kind: media.kind(), name: media.name().to_owned(), bytes: media.len(), md5: None }
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

impl fmt::Display for PictureMarks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, bytes, md5 } = self;
        write!(f, "the {kind} {name:?} of {bytes} bytes")?;
        md5.map_or(Ok(()), |md5| write!(f, " (MD5 {md5})"))
    }
}

#[cfg(test)]
mod tests {
    use super::are_shown_alike;
    use wx_proto::MediaKind::{File, Image};

    #[test]
    fn the_kind_counts_and_the_name_of_a_file() {
        assert!(are_shown_alike((Image, "a.jpg"), (Image, "b.jpg")));
        assert!(are_shown_alike((File, "a.jpg"), (File, "a.jpg")));
        assert!(!are_shown_alike((File, "a.jpg"), (File, "b.jpg")));
        assert!(!are_shown_alike((Image, "a.jpg"), (File, "a.jpg")));
    }
}
