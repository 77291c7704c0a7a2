//! For sources: the metadata of their media.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::time::UNIX_EPOCH;

use wx_proto::bytes::Bytes;
use wx_proto::{Error, ImageFormat, Media, UnixMs};

use crate::FileError;

/// The name, length and time of a source.
#[derive(Clone, Debug)]
pub struct SourceInfo {
    name: String,
    /// The length in bytes.
    pub len: u64,
    modified: Option<UnixMs>,
    immutable: bool,
}

impl SourceInfo {
    /// Creates the description of a source that may change.
    pub fn new(name: impl Into<String>, len: u64) -> Self {
        Self { name: name.into(), len, modified: None, immutable: false }
    }

    /// Marks the source as one that cannot change while it is sent.
    #[must_use]
    pub fn immutable(self) -> Self {
        Self { immutable: true, ..self }
    }

    /// Opens a file and describes it.
    ///
    /// # Errors
    /// [`FileError`], which names the file.
    pub fn open(path: &Path) -> io::Result<(Self, File)> {
        Self::open_unnamed(path).map_err(|error| FileError::new(path, error).into())
    }

    fn open_unnamed(path: &Path) -> io::Result<(Self, File)> {
        let about = fs::metadata(path)?;
        if about.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "the path leads to a directory instead of a file",
            ));
        }
        if !about.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the path does not lead to a regular file",
            ));
        }
        let modified = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut file = File::open(path)?;
        let info = Self::new(name, file.seek(SeekFrom::End(0))?);
        Ok((
            Self { modified: modified.map(|time| UnixMs::EPOCH.saturating_add(time)), ..info },
            file,
        ))
    }

    /// Returns the span of the first bytes, which determine the format.
    #[must_use]
    pub fn first_span(&self) -> Range<u64> {
        0..self.len.min(ImageFormat::FIRST as u64)
    }

    /// Returns the description of the media, which begins with the bytes of `first`, for the forms.
    ///
    /// # Errors
    /// If the media is empty.
    pub fn media(&self, first: &[u8]) -> Result<Media, Error> {
        let mut media = Media::new(self.name.as_str(), self.len, first)?;
        if let Some(at) = self.modified {
            media = media.modified(at);
        }
        Ok(if self.immutable { media.immutable() } else { media })
    }
}

/// Returns the part of `bytes` that lies in `span`.
#[must_use]
pub fn slice(bytes: &Bytes, span: Range<u64>) -> Bytes {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(at(span.start)..at(span.end))
}

/// Returns the error of a reader that has more than `limit` bytes.
#[must_use]
pub fn too_long(limit: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("the reader has more than {limit} bytes"))
}
