//! Assembles uploaded files from their chunks.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::model::random;

/// The handling of a chunk that the server has already received. The behaviour of the real server
/// is unknown, so a client has to cope with both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// The repeat replaces the first copy, and a repeated last chunk gets the same MediaId.
    #[default]
    Replaces,
    /// The repeat is appended, so the file is too long. The reply to its last chunk then has Ret 0,
    /// no MediaId, and the number of received bytes as StartPos.
    Appended,
}

/// Identifies a file. The ClientMediaId alone is not unique, because one client uses the time in
/// seconds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct FileKey {
    pub(crate) client_media_id: String,
    pub(crate) md5: String,
    pub(crate) name: String,
    pub(crate) size: u64,
}

/// One chunk of a file. A file that is not split is chunk 0 of 1.
pub(crate) struct Chunk<'a> {
    pub(crate) key: FileKey,
    pub(crate) index: usize,
    pub(crate) count: usize,
    pub(crate) bytes: &'a [u8],
    /// The text of `uploadmediarequest`, which is the same in all chunks of a file.
    pub(crate) request: &'a str,
}

/// The progress of an upload after a chunk.
pub(crate) enum Progress {
    /// More chunks are needed.
    Incomplete,
    /// The file is complete. Contains its bytes.
    Complete(Bytes),
    /// The file was already complete. Contains its MediaId.
    AlreadyComplete(String),
    /// The last chunk was received, but repeats were appended. Contains the number of bytes
    /// received.
    Miscounted(u64),
    /// The last chunk was received, but the file is shorter than announced.
    Short,
    /// The chunk is refused. Contains the reason.
    Refused(&'static str),
}

/// The incomplete and the completed uploads.
#[derive(Default)]
pub(crate) struct Uploads {
    files: HashMap<FileKey, Partial>,
    /// The files that webwxcheckupload has announced, by MD5.
    announced: HashMap<String, Announced>,
}

/// The contents that webwxcheckupload has announced, under every name and length that it gave.
struct Announced {
    ticket: Ticket,
    files: Vec<(String, u64)>,
}

/// The values of a webwxcheckupload reply, which the upload and the message have to repeat.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) aes_key: String,
    pub(crate) signature: String,
}

#[derive(Default)]
struct Partial {
    chunks: usize,
    /// The end of each chunk received so far.
    ends: Vec<usize>,
    data: Vec<u8>,
    /// The complete file. `data` is then empty.
    complete: Option<Bytes>,
    media_id: Option<String>,
    /// The number of bytes received, including repeats that were appended.
    received: u64,
    /// Whether a repeat was appended.
    has_appended: bool,
    request: String,
    /// When the last chunk was received.
    last_received: Option<Instant>,
}

/// An incomplete file is dropped if no chunk of it is received for this long.
const UNFINISHED: Duration = Duration::from_secs(10 * 60);

impl Uploads {
    /// Announces a file, and returns the ticket of its content.
    pub(crate) fn announce(&mut self, md5: &str, name: &str, size: u64) -> Ticket {
        let announced = self.announced.entry(md5.to_owned()).or_insert_with(|| Announced {
            ticket: Ticket { aes_key: random::hex(32), signature: random::hex(96) },
            files: Vec::new(),
        });
        let file = (name.to_owned(), size);
        if !announced.files.contains(&file) {
            announced.files.push(file);
        }
        announced.ticket.clone()
    }

    /// Returns the ticket of the content with this MD5, if it was announced.
    pub(crate) fn ticket(&self, md5: &str) -> Option<&Ticket> {
        Some(&self.announced.get(md5)?.ticket)
    }

    /// Returns whether a file was announced with this name and length.
    pub(crate) fn is_announced(&self, key: &FileKey) -> bool {
        let files = self.announced.get(&key.md5).map_or(&[][..], |announced| &announced.files);
        files.iter().any(|(name, size)| *name == key.name && *size == key.size)
    }

    /// Drops incomplete files whose client has stopped sending.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.files.retain(|_, file| file.is_complete() || !file.is_stale(now));
    }

    /// Adds one chunk.
    pub(crate) fn add(&mut self, chunk: &Chunk<'_>, repeats: Repeats, now: Instant) -> Progress {
        let is_first = chunk.index == 0;
        if !self.files.contains_key(&chunk.key) && !is_first {
            return Progress::Refused("a chunk of an unknown file");
        }
        let file = self.files.entry(chunk.key.clone()).or_insert_with(|| Partial {
            chunks: chunk.count,
            request: chunk.request.to_owned(),
            ..Partial::default()
        });
        file.last_received = Some(now);
        if file.chunks != chunk.count {
            return Progress::Refused("another number of chunks than before");
        }
        match chunk.index.cmp(&file.ends.len()) {
            std::cmp::Ordering::Greater => return Progress::Refused("a chunk out of order"),
            std::cmp::Ordering::Equal => {
                if file.data.len() as u64 + chunk.bytes.len() as u64 > chunk.key.size {
                    return Progress::Refused("more bytes than announced");
                }
                file.append(chunk.bytes, chunk.key.size);
            }
            std::cmp::Ordering::Less if repeats == Repeats::Appended => {
                file.received += chunk.bytes.len() as u64;
                file.has_appended = true;
            }
            std::cmp::Ordering::Less => {
                if !file.replace(chunk.index, chunk.bytes) {
                    return Progress::Refused("a repeated chunk of another length or content");
                }
            }
        }
        if chunk.index + 1 < chunk.count { Progress::Incomplete } else { file.finish(&chunk.key) }
    }

    /// Sets the MediaId of a complete file, unless it has one already. Returns its MediaId.
    pub(crate) fn set_media_id(&mut self, key: &FileKey, media_id: String) -> String {
        match self.files.get_mut(key) {
            Some(file) => file.media_id.get_or_insert(media_id).clone(),
            None => media_id,
        }
    }

    /// Forgets a file that was refused.
    pub(crate) fn forget(&mut self, key: &FileKey) {
        self.files.remove(key);
    }

    /// Forgets all files, because a new login has begun.
    pub(crate) fn forget_all(&mut self) {
        self.files.clear();
    }

    /// Returns whether another file has this ClientMediaId.
    pub(crate) fn shares_id(&self, key: &FileKey) -> bool {
        self.files.keys().any(|other| other.client_media_id == key.client_media_id && other != key)
    }

    /// Returns whether an earlier chunk of this file had a different `uploadmediarequest`.
    pub(crate) fn changed_request(&self, key: &FileKey, request: &str) -> bool {
        self.files.get(key).is_some_and(|file| file.request != request)
    }
}

impl Partial {
    fn is_complete(&self) -> bool {
        self.complete.is_some()
    }

    fn is_stale(&self, now: Instant) -> bool {
        self.last_received.is_some_and(|at| now.saturating_duration_since(at) > UNFINISHED)
    }

    fn append(&mut self, bytes: &[u8], size: u64) {
        // The client could claim any size, so only a part of it is reserved in advance.
        self.data.reserve_exact((size as usize).saturating_sub(self.data.len()).min(128 << 20));
        self.data.extend_from_slice(bytes);
        self.ends.push(self.data.len());
        self.received += bytes.len() as u64;
    }

    fn replace(&mut self, chunk: usize, bytes: &[u8]) -> bool {
        let (start, end) = (if chunk == 0 { 0 } else { self.ends[chunk - 1] }, self.ends[chunk]);
        if end - start != bytes.len() {
            return false;
        }
        match &self.complete {
            Some(complete) => complete[start..end] == *bytes,
            None => {
                self.data[start..end].copy_from_slice(bytes);
                true
            }
        }
    }

    fn finish(&mut self, key: &FileKey) -> Progress {
        if self.has_appended {
            return Progress::Miscounted(self.received);
        }
        if let Some(media_id) = &self.media_id {
            return Progress::AlreadyComplete(media_id.clone());
        }
        let complete =
            self.complete.get_or_insert_with(|| Bytes::from(std::mem::take(&mut self.data)));
        if complete.len() as u64 == key.size {
            Progress::Complete(complete.clone())
        } else {
            Progress::Short
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(index: usize) -> Chunk<'static> {
        let (md5, name) = (String::new(), "a".to_owned());
        let key = FileKey { client_media_id: "1".to_owned(), md5, name, size: 4 };
        Chunk { key, index, count: 2, bytes: b"ab", request: "" }
    }

    #[test]
    fn an_incomplete_file_is_dropped_after_a_while() {
        let start = Instant::now();
        for (wait, dropped) in [(UNFINISHED, false), (UNFINISHED + Duration::from_nanos(1), true)] {
            let mut uploads = Uploads::default();
            uploads.add(&chunk(0), Repeats::Replaces, start);
            uploads.expire(start + wait);
            let progress = uploads.add(&chunk(1), Repeats::Replaces, start + wait);
            assert_eq!(matches!(progress, Progress::Refused(_)), dropped);
            assert_eq!(uploads.files.is_empty(), dropped);
        }
    }

    #[test]
    fn a_complete_file_stays() {
        let start = Instant::now();
        let mut uploads = Uploads::default();
        for index in 0..2 {
            uploads.add(&chunk(index), Repeats::Replaces, start);
        }
        uploads.set_media_id(&chunk(1).key, "id".to_owned());
        let later = start + 2 * UNFINISHED;
        uploads.expire(later);
        let progress = uploads.add(&chunk(1), Repeats::Replaces, later);
        assert!(matches!(progress, Progress::AlreadyComplete(id) if id == "id"));
    }
}
