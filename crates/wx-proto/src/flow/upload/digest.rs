//! Reading the picture once: its MD5, streamed (§4.3), and a checksum of each chunk.

use std::cmp::Ordering;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use flate2::Crc;
use md5::{Digest as _, Md5};

use super::Misuse;
use crate::Cause;
use crate::endpoint::upload_media::CHUNK;
use crate::wire::digest::hex;

/// The digest in progress.
#[derive(Clone)]
pub(super) struct Digest {
    len: u64,
    md5: Md5,
    sums: Vec<u32>,
    started: Option<Duration>,
}

/// What reading the picture once has shown.
pub(super) struct Digested {
    pub(super) md5: String,
    /// CRC-32 of each chunk: a change is noticed before the changed chunk is sent.
    pub(super) sums: Vec<u32>,
    /// How long it took, which is what a ping tells.
    pub(super) ms: u64,
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digest({} chunks of {} bytes)", self.sums.len(), self.len)
    }
}

impl Digest {
    pub(super) fn new(len: u64) -> Self {
        Self { len, md5: Md5::new(), sums: Vec::new(), started: None }
    }

    pub(super) fn span(&mut self, now: Duration) -> Range<u64> {
        self.started.get_or_insert(now);
        span(self.sums.len() as u64, self.len)
    }

    pub(super) fn done(&self) -> u64 {
        (self.sums.len() as u64 * CHUNK).min(self.len)
    }

    /// `None` until the whole picture has been read.
    pub(super) fn take(
        &mut self,
        bytes: &Bytes,
        now: Duration,
    ) -> Result<Option<Result<Digested, Cause>>, Misuse> {
        if let Err(cause) = check(bytes, self.sums.len() as u64, self.len)? {
            return Ok(Some(Err(cause)));
        }
        self.md5.update(bytes);
        self.sums.push(sum(bytes));
        if self.done() < self.len {
            return Ok(None);
        }
        let md5 = hex(self.md5.clone());
        let spent = now.saturating_sub(self.started.unwrap_or(now));
        let ms = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX);
        Ok(Some(Ok(Digested { md5, sums: std::mem::take(&mut self.sums), ms })))
    }
}

/// The bytes of a chunk. The last one's span reaches one byte past the end, where there must be nothing.
pub(super) fn span(index: u64, len: u64) -> Range<u64> {
    let (start, end) = (index * CHUNK, (index + 1) * CHUNK);
    if end < len { start..end } else { start..len + 1 }
}

/// Whether what was loaded for a chunk has the right length.
pub(super) fn check(bytes: &Bytes, index: u64, len: u64) -> Result<Result<(), Cause>, Misuse> {
    let start = index * CHUNK;
    let (got, expected) = (bytes.len() as u64, CHUNK.min(len - start));
    let is_last = start + expected == len;
    Ok(match got.cmp(&expected) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(Cause::SourceEnded { expected: len, got: start + got }),
        Ordering::Greater if is_last && got == expected + 1 => Err(Cause::Changed),
        Ordering::Greater => return Err(Misuse),
    })
}

pub(super) fn sum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
