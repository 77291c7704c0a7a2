//! Compares media with the media that a key was used for.

use std::ops::Range;

use wx_proto::{Md5Hasher, Media, MediaKind, MsgId, Uploaded};

use super::error::{OutboxError, OutboxErrorKind};
use super::used_key::{Summary, UsedKey};

/// Compares media with the media that a key was used for: first the metadata, then the MD5. Created
/// by [`OutboxJob::compare`](super::OutboxJob::compare).
#[derive(Debug)]
#[must_use = "only `finish` returns whether the media are equal"]
pub struct Comparison {
    refused: Box<UsedKey>,
    len: u64,
    hasher: Md5Hasher,
    read: u64,
    ended: bool,
}

/// The number of bytes that are read at once.
const PIECE: u64 = 512 * 1024;

impl Comparison {
    pub(super) fn new(
        key: &str,
        msg_id: Option<MsgId>,
        used: &Uploaded,
        given: &Media,
    ) -> Result<Self, OutboxError> {
        let is_same = used.bytes == given.len()
            && are_shown_alike((used.kind, &used.name), (given.kind(), given.name()));
        let len = given.len();
        let (used, given) = (Summary::from(used), Summary::from(given));
        let refused = Box::new(UsedKey { key: key.to_owned(), msg_id, used, given });
        if !is_same {
            return Err(OutboxErrorKind::UsedKey(refused).into());
        }
        Ok(Self { refused, len, hasher: Md5Hasher::new(), read: 0, ended: false })
    }

    /// Returns the span of the media to read next, or `None` after the last one.
    #[must_use]
    pub fn next_span(&self) -> Option<Range<u64>> {
        let len = self.len;
        // The last span includes the byte after the end, to notice media that is longer.
        let end = (self.read + PIECE).min(len + 1);
        (!self.ended && self.read < len).then_some(self.read..end)
    }

    /// Adds the bytes that were read. There are none if the media has ended early.
    pub fn update(&mut self, bytes: &[u8]) {
        self.ended |= bytes.is_empty();
        self.read += bytes.len() as u64;
        self.hasher.update(bytes);
    }

    /// Finishes the comparison.
    ///
    /// # Errors
    /// [`OutboxErrorKind::UsedKey`] if the media differs.
    pub fn finish(mut self) -> Result<(), OutboxError> {
        let md5 = Some(self.hasher.finish());
        if md5 == self.refused.used.md5 {
            return Ok(());
        }
        self.refused.given.md5 = md5;
        Err(OutboxErrorKind::UsedKey(self.refused).into())
    }
}

/// Returns whether two messages with the same bytes look the same to their recipients. This depends
/// on their kinds and, for files, on their names.
pub(super) fn are_shown_alike(used: (MediaKind, &str), given: (MediaKind, &str)) -> bool {
    used.0 == given.0 && (used.0 != MediaKind::File || used.1 == given.1)
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
