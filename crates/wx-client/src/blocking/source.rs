use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use tempfile::{SpooledData, SpooledTempFile};
use wx_proto::bytes::Bytes;
use wx_proto::{Error, Media, SourceError, Step};

use super::io::MediaIo;
use crate::creation::explain_unnamed;
use crate::media_io::{self, MediaSource};
use crate::outbound::Outbound;
use crate::page_buffer::PageBuffer;
use crate::source_info::{SourceInfo, slice, too_long};

/// Media to send: an image or any other file. It is read twice: once for its MD5, and once in
/// chunks. Media of a single chunk is read once.
///
/// At most one chunk of 512 KiB is in memory, unless the caller provides the media in memory.
pub struct Source {
    info: SourceInfo,
    data: Data,
}

enum Data {
    Bytes(Bytes),
    Seek(Box<dyn ReadSeek>, PageBuffer),
}

trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

impl Source {
    /// Sends media in memory. The bytes must not change, so do not use this for a mapped file that
    /// other processes may write.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let info = SourceInfo::new(name, bytes.len() as u64).immutable();
        Self { info, data: Data::Bytes(bytes) }
    }

    /// Sends a file. The form contains its name, without directories, and its modification time.
    ///
    /// # Errors
    /// The error names the file and says why it cannot be read.
    pub fn path(path: impl AsRef<Path>) -> io::Result<Self> {
        let (info, file) = SourceInfo::open(path.as_ref())?;
        Ok(Self { info, data: Data::Seek(Box::new(file), PageBuffer::default()) })
    }

    /// Sends anything that can be read and rewound.
    ///
    /// # Errors
    /// If its length cannot be determined.
    pub fn seekable(
        name: impl Into<String>,
        mut from: impl Read + Seek + Send + 'static,
    ) -> io::Result<Self> {
        let len = from.seek(SeekFrom::End(0))?;
        let data = Data::Seek(Box::new(from), PageBuffer::default());
        Ok(Self { info: SourceInfo::new(name, len), data })
    }

    /// Reads a reader to its end. Up to `memory_limit` bytes are kept in memory, longer media is
    /// written to a temporary file, and media of more than `limit` bytes is refused.
    ///
    /// # Errors
    /// The error of the reader or of the temporary file; [`io::ErrorKind::FileTooLarge`] above
    /// `limit`.
    pub fn reader(
        name: impl Into<String>,
        from: impl Read,
        memory_limit: u64,
        limit: u64,
    ) -> io::Result<Self> {
        let mut spool =
            Spool(SpooledTempFile::new(usize::try_from(memory_limit).unwrap_or(usize::MAX)));
        if io::copy(&mut from.take(limit.saturating_add(1)), &mut spool)? > limit {
            return Err(too_long(limit));
        }
        match spool.0.into_inner() {
            SpooledData::InMemory(bytes) => Ok(Self::bytes(name, bytes.into_inner())),
            // The file has no name, so no other process can change it.
            SpooledData::OnDisk(file) => {
                let Self { info, data } = Self::seekable(name, file)?;
                Ok(Self { info: info.immutable(), data })
            }
        }
    }

    /// Returns the length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.info.len
    }

    /// Returns whether the source is empty. An empty source cannot be sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.info.len == 0
    }

    /// Returns the description of the media for the forms: name, length, format and time.
    ///
    /// # Errors
    /// If the source is empty or cannot be read.
    pub fn media(&mut self) -> Result<Media, Error> {
        let first = self
            .read(self.info.first_span())
            .map_err(|error| Error::new(Step::Prepare, SourceError::from(error)))?;
        self.info.media(&first)
    }
}

impl MediaIo for Source {
    fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        match &mut self.data {
            Data::Bytes(bytes) => Ok(slice(bytes, span)),
            Data::Seek(from, buffer) => {
                from.seek(SeekFrom::Start(span.start))?;
                let len = usize::try_from(span.end.saturating_sub(span.start)).unwrap_or_default();
                buffer.read(from, len)
            }
        }
    }
}

impl media_io::MediaIo for Source {
    async fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        MediaIo::read(self, span)
    }
}

impl MediaSource for Source {
    async fn media(&mut self) -> Result<Media, Error> {
        Self::media(self)
    }
}

impl From<Source> for Outbound<Source> {
    fn from(source: Source) -> Self {
        Self::Media(source)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.info).finish()
    }
}

/// Distinguishes the errors of the temporary file from those of the reader.
struct Spool(SpooledTempFile);

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(explain_unnamed)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(explain_unnamed)
    }
}
