//! Putting chunks together.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::emulator::Repeats;

/// What tells files apart: the ClientMediaId alone is not enough, for one client takes whole
/// seconds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct FileKey {
    pub(crate) client_media_id: String,
    pub(crate) md5: String,
    pub(crate) name: String,
    pub(crate) size: u64,
}

/// One chunk of a file; an unsplit file is chunk 0 of 1.
pub(crate) struct Piece<'a> {
    pub(crate) key: FileKey,
    pub(crate) chunk: usize,
    pub(crate) chunks: usize,
    pub(crate) bytes: &'a [u8],
    /// The text of `uploadmediarequest`, the same in every chunk of a file.
    pub(crate) request: &'a str,
}

/// What a chunk led to.
pub(crate) enum Progress {
    /// Taken, and more are to come.
    More,
    /// The last one: all bytes of the file.
    Whole(Bytes),
    /// The last one of a file that has its MediaId already.
    Known(String),
    /// The last one, but a repeat was appended and this many bytes are there now.
    Miscounted(u64),
    /// The last one of a file with fewer bytes than announced.
    Short,
    /// Not taken.
    Refused(&'static str),
}

/// Files on their way.
#[derive(Default)]
pub(crate) struct Uploads {
    files: HashMap<FileKey, Partial>,
    /// Key and signature of webwxcheckupload, by MD5.
    pub(crate) checked: HashMap<String, (String, String)>,
}

#[derive(Default)]
struct Partial {
    chunks: usize,
    /// Where each chunk taken so far ends.
    ends: Vec<usize>,
    data: Vec<u8>,
    /// The finished file; `data` is empty then.
    whole: Option<Bytes>,
    media_id: Option<String>,
    /// Bytes received, repeats that were appended included.
    received: u64,
    spoiled: bool,
    request: String,
    /// When the last chunk came.
    touched: Option<Instant>,
}

/// A file whose next chunk does not come within this time is dropped.
const UNFINISHED: Duration = Duration::from_secs(10 * 60);

impl Uploads {
    /// Drops the files that were given up.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.files.retain(|_, file| file.is_whole() || !file.is_stale(now));
    }

    /// Takes one chunk.
    pub(crate) fn take(&mut self, piece: &Piece<'_>, repeats: Repeats, now: Instant) -> Progress {
        let is_first = piece.chunk == 0;
        if !self.files.contains_key(&piece.key) && !is_first {
            return Progress::Refused("a chunk without those before it");
        }
        let file = self.files.entry(piece.key.clone()).or_insert_with(|| Partial {
            chunks: piece.chunks,
            request: piece.request.to_owned(),
            ..Partial::default()
        });
        file.touched = Some(now);
        if file.chunks != piece.chunks {
            return Progress::Refused("another number of chunks than before");
        }
        match piece.chunk.cmp(&file.ends.len()) {
            std::cmp::Ordering::Greater => return Progress::Refused("a chunk out of order"),
            std::cmp::Ordering::Equal => {
                if file.data.len() as u64 + piece.bytes.len() as u64 > piece.key.size {
                    return Progress::Refused("more bytes than announced");
                }
                file.append(piece.bytes, piece.key.size);
            }
            std::cmp::Ordering::Less if repeats == Repeats::Appended => {
                file.received += piece.bytes.len() as u64;
                file.spoiled = true;
            }
            std::cmp::Ordering::Less => {
                if !file.replace(piece.chunk, piece.bytes) {
                    return Progress::Refused("a repeated chunk of another length or content");
                }
            }
        }
        if piece.chunk + 1 < piece.chunks { Progress::More } else { file.finish(&piece.key) }
    }

    /// Notes the MediaId of a finished file; the first one stays.
    pub(crate) fn finished(&mut self, key: &FileKey, media_id: String) -> String {
        match self.files.get_mut(key) {
            Some(file) => file.media_id.get_or_insert(media_id).clone(),
            None => media_id,
        }
    }

    /// Forgets a file that came to nothing.
    pub(crate) fn forget(&mut self, key: &FileKey) {
        self.files.remove(key);
    }

    /// Whether another file has this ClientMediaId.
    pub(crate) fn shares_id(&self, key: &FileKey) -> bool {
        self.files.keys().any(|other| other.client_media_id == key.client_media_id && other != key)
    }

    /// Whether an earlier chunk of this file came with another `uploadmediarequest`.
    pub(crate) fn changed_request(&self, key: &FileKey, request: &str) -> bool {
        self.files.get(key).is_some_and(|file| file.request != request)
    }
}

impl Partial {
    fn is_whole(&self) -> bool {
        self.whole.is_some()
    }

    fn is_stale(&self, now: Instant) -> bool {
        self.touched.is_some_and(|at| now.saturating_duration_since(at) > UNFINISHED)
    }

    fn append(&mut self, bytes: &[u8], size: u64) {
        // The announced size is the client's word: no more than a part of it is believed in
        // advance.
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
        match &self.whole {
            Some(whole) => whole[start..end] == *bytes,
            None => {
                self.data[start..end].copy_from_slice(bytes);
                true
            }
        }
    }

    fn finish(&mut self, key: &FileKey) -> Progress {
        if self.spoiled {
            return Progress::Miscounted(self.received);
        }
        if let Some(media_id) = &self.media_id {
            return Progress::Known(media_id.clone());
        }
        let whole = self.whole.get_or_insert_with(|| Bytes::from(std::mem::take(&mut self.data)));
        if whole.len() as u64 == key.size {
            Progress::Whole(whole.clone())
        } else {
            Progress::Short
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(chunk: usize) -> Piece<'static> {
        let (md5, name) = (String::new(), "a".to_owned());
        let key = FileKey { client_media_id: "1".to_owned(), md5, name, size: 4 };
        Piece { key, chunk, chunks: 2, bytes: b"ab", request: "" }
    }

    #[test]
    fn a_file_that_was_given_up_is_dropped() {
        let start = Instant::now();
        for (wait, dropped) in [(UNFINISHED, false), (UNFINISHED + Duration::from_nanos(1), true)] {
            let mut uploads = Uploads::default();
            uploads.take(&piece(0), Repeats::Replaces, start);
            uploads.expire(start + wait);
            let progress = uploads.take(&piece(1), Repeats::Replaces, start + wait);
            assert_eq!(matches!(progress, Progress::Refused(_)), dropped);
            assert_eq!(uploads.files.is_empty(), dropped);
        }
    }

    #[test]
    fn a_finished_file_stays() {
        let start = Instant::now();
        let mut uploads = Uploads::default();
        for chunk in 0..2 {
            uploads.take(&piece(chunk), Repeats::Replaces, start);
        }
        uploads.finished(&piece(1).key, "id".to_owned());
        let later = start + 2 * UNFINISHED;
        uploads.expire(later);
        let progress = uploads.take(&piece(1), Repeats::Replaces, later);
        assert!(matches!(progress, Progress::Known(id) if id == "id"));
    }
}
