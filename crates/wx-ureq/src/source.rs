use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use tempfile::{SpooledData, SpooledTempFile};
use wx_client::FileError;
use wx_client::creation::explain_unnamed;
use wx_proto::{Error, ImageFormat, Media, MediaKind, Policy, Step};

use crate::MediaIo;
use crate::buffer::Buffer;

/// A picture to send. It is read twice, once for its MD5 and once chunk by chunk, so it can always
/// be read again; one of a single chunk is read once.
///
/// Never more than one chunk of 512 KiB is in memory, unless the caller put it there.
pub struct Source {
    name: String,
    len: u64,
    modified_ms: Option<u64>,
    data: Data,
    /// Whether it cannot change while it is sent.
    immutable: bool,
    kind: Option<MediaKind>,
}

enum Data {
    Bytes(Bytes),
    Seek(Box<dyn ReadSeek>, Buffer),
}

trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// The number of first bytes that determine the format.
const FIRST: u64 = ImageFormat::FIRST as u64;

impl Source {
    /// Sends a picture in memory. It must not change: do not use this for a mapped file that other
    /// processes may write.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            name: name.into(),
            len: bytes.len() as u64,
            modified_ms: None,
            data: Data::Bytes(bytes),
            immutable: true,
            kind: None,
        }
    }

    /// Sends a file. The form contains its name, without directories, and the time of its last
    /// change.
    ///
    /// # Errors
    /// The error names the file and says why it cannot be read.
    pub fn path(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        Self::open(path).map_err(|error| FileError::new(path, error).into())
    }

    fn open(path: &Path) -> io::Result<Self> {
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
                "the path leads to no regular file",
            ));
        }
        let modified = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let source = Self::seekable(name, File::open(path)?)?;
        Ok(Self {
            modified_ms: modified.and_then(|time| time.as_millis().try_into().ok()),
            ..source
        })
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
        let data = Data::Seek(Box::new(from), Buffer::default());
        Ok(Self { name: name.into(), len, modified_ms: None, data, immutable: false, kind: None })
    }

    /// Reads a one-shot reader to its end. Up to `memory_limit` bytes are kept in memory, longer
    /// pictures go to a temporary file, and those of more than `limit` bytes are refused.
    ///
    /// # Errors
    /// The error of the reader; [`io::ErrorKind::FileTooLarge`] above `limit`; no space for the
    /// temporary file.
    pub fn reader(
        name: impl Into<String>,
        from: impl Read,
        memory_limit: u64,
        limit: u64,
    ) -> io::Result<Self> {
        let mut spool =
            Spool(SpooledTempFile::new(usize::try_from(memory_limit).unwrap_or(usize::MAX)));
        if io::copy(&mut from.take(limit.saturating_add(1)), &mut spool)? > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("the reader has more than {limit} bytes"),
            ));
        }
        match spool.0.into_inner() {
            SpooledData::InMemory(bytes) => Ok(Self::bytes(name, bytes.into_inner())),
            // It has no name: nobody else can reach it.
            SpooledData::OnDisk(file) => {
                Ok(Self { immutable: true, ..Self::seekable(name, file)? })
            }
        }
    }

    /// Sets what it is sent as. By default a GIF is sent as an emoticon, and all else as an image;
    /// what cannot be sent as this kind is refused before anything is sent.
    #[must_use]
    pub fn sent_as(mut self, kind: MediaKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it is empty, which no picture is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns what the forms say about the picture: name, length, format and time.
    ///
    /// # Errors
    /// If it cannot be read, or cannot be sent as a picture.
    pub fn picture(&mut self, policy: &Policy) -> Result<Media, Error> {
        let first = self
            .load(0..FIRST.min(self.len))
            .map_err(|error| Error::new(Step::Prepare, wx_proto::SourceError::from(error)))?;
        let mut picture = Media::new(self.name.as_str(), self.len, &first, policy)?;
        if let Some(at) = self.modified_ms {
            picture = picture.modified(at);
        }
        if let Some(kind) = self.kind {
            picture = picture.sent_as(kind)?;
        }
        Ok(if self.immutable { picture.immutable() } else { picture })
    }
}

impl MediaIo for Source {
    fn load(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        match &mut self.data {
            Data::Bytes(bytes) => {
                let at =
                    |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.slice(at(span.start)..at(span.end)))
            }
            Data::Seek(from, buffer) => {
                from.seek(SeekFrom::Start(span.start))?;
                let len = usize::try_from(span.end.saturating_sub(span.start)).unwrap_or_default();
                buffer.read(from, len)
            }
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// Tells errors of the temporary file from those of the reader.
struct Spool(SpooledTempFile);

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(explain_unnamed)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(explain_unnamed)
    }
}
