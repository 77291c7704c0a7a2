//! Reads the media once, to compute its MD5 ([§4.3](crate::protocol#s4-3)) and a checksum of each
//! chunk that will be read again.

use std::cmp::Ordering;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use twox_hash::XxHash3_64;

use crate::endpoint::upload_media::CHUNK;
use crate::model::error::ErrorKind;
use crate::model::md5::{Md5, Md5Hasher};
use crate::model::media::Media;

/// A digest in progress.
#[derive(Clone)]
pub(super) struct Digest {
    len: u64,
    md5: Md5Hasher,
    chunks: u64,
    /// Whether chunks can change before they are read again.
    may_change: bool,
    checksums: Vec<u64>,
    started: Option<Duration>,
}

/// The result of a digest.
pub(super) struct Digested {
    pub(super) md5: Md5,
    /// The checksum of each chunk, to notice a change before the chunk is sent. Empty if the media
    /// cannot change.
    pub(super) checksums: Vec<u64>,
    /// The media, if it is a single chunk, so that it is not read again.
    pub(super) single_chunk: Option<MediaBytes>,
    /// The duration in milliseconds, which a ping reports.
    pub(super) ms: u64,
}

/// Media bytes, which `Debug` does not show.
#[derive(Clone)]
pub(super) struct MediaBytes(pub(super) Bytes);

impl std::fmt::Debug for MediaBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MediaBytes({} bytes)", self.0.len())
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digest({} chunks of {} bytes)", self.chunks, self.len)
    }
}

impl Digest {
    pub(super) fn new(media: &Media) -> Self {
        let len = media.len();
        let may_change = !media.is_immutable() && len > CHUNK;
        Self {
            len,
            md5: Md5Hasher::new(),
            chunks: 0,
            may_change,
            checksums: Vec::new(),
            started: None,
        }
    }

    pub(super) fn span(&mut self, now: Duration) -> Range<u64> {
        self.started.get_or_insert(now);
        span(self.chunks, self.len)
    }

    pub(super) fn done(&self) -> u64 {
        (self.chunks * CHUNK).min(self.len)
    }

    /// Handles the next bytes. Returns `None` until all of the media has been read.
    pub(super) fn take(
        &mut self,
        bytes: &Bytes,
        now: Duration,
    ) -> Result<Option<Digested>, ErrorKind> {
        check(bytes, self.chunks, self.len)?;
        self.chunks += 1;
        if self.may_change {
            let md5 = &mut self.md5;
            self.checksums.push(checksum_with(bytes, |piece| md5.update(piece)));
        } else {
            self.md5.update(bytes);
        }
        if self.done() < self.len {
            return Ok(None);
        }
        let md5 = self.md5.clone().finish();
        let spent = now.saturating_sub(self.started.unwrap_or(now));
        let ms = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX);
        let single_chunk = (self.len <= CHUNK).then(|| MediaBytes(bytes.clone()));
        Ok(Some(Digested { md5, checksums: std::mem::take(&mut self.checksums), single_chunk, ms }))
    }
}

/// Returns the byte range of a chunk. The range of the last chunk reaches one byte past the end, so
/// that media that has grown is noticed.
pub(super) fn span(index: u64, len: u64) -> Range<u64> {
    let (start, end) = (index * CHUNK, (index + 1) * CHUNK);
    if end < len { start..end } else { start..len + 1 }
}

/// Checks that the bytes read for a chunk have the right length.
pub(super) fn check(bytes: &Bytes, index: u64, len: u64) -> Result<(), ErrorKind> {
    let start = index * CHUNK;
    let (got, expected) = (bytes.len() as u64, CHUNK.min(len - start));
    match got.cmp(&expected) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(ErrorKind::SourceEnded { expected: len, got: start + got }),
        Ordering::Greater => Err(ErrorKind::Changed),
    }
}

/// Returns the XXH3 checksum of a chunk, computed piece by piece. Each piece is passed to `visit`
/// first, while it is in the CPU cache. Measured: this saves 1 % of a send from a file.
fn checksum_with(bytes: &[u8], mut visit: impl FnMut(&[u8])) -> u64 {
    bytes.chunks(PIECE).fold(0, |before, piece| {
        visit(piece);
        XxHash3_64::oneshot_with_seed(before, piece)
    })
}

const PIECE: usize = 32 * 1024;

/// Returns the checksum of a chunk.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    checksum_with(bytes, |_| ())
}
