use std::fmt;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWriteExt};
use tokio::task::spawn_blocking;
use wx_client::FileError;
use wx_client::creation::explain_unnamed;
use wx_proto::{Error, ImageFormat, Media, MediaKind, Policy, SourceError, Step};

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

/// How much of a reader is written to a temporary file at once.
const BLOCK: u64 = 64 * 1024;

enum Data {
    Bytes(Bytes),
    /// Read where blocking is allowed. When a load is dropped, the next one waits for the end of
    /// it.
    File(Arc<Mutex<(File, Buffer)>>),
    Seek(Box<dyn ReadSeek>, Buffer),
}

trait ReadSeek: AsyncRead + AsyncSeek + Send + Unpin {}

impl<T: AsyncRead + AsyncSeek + Send + Unpin> ReadSeek for T {}

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
    /// Cancel safe.
    ///
    /// # Errors
    /// The error names the file and says why it cannot be read.
    pub async fn path(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        spawn_blocking(move || {
            Self::open(&path).map_err(|error| FileError::new(path.clone(), error).into())
        })
        .await?
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
        let source = Self::file(name, File::open(path)?)?;
        Ok(Self {
            modified_ms: modified.and_then(|time| time.as_millis().try_into().ok()),
            ..source
        })
    }

    fn file(name: impl Into<String>, mut file: File) -> io::Result<Self> {
        let len = file.seek(SeekFrom::End(0))?;
        let data = Data::File(Arc::new(Mutex::new((file, Buffer::default()))));
        Ok(Self { name: name.into(), len, modified_ms: None, data, immutable: false, kind: None })
    }

    /// Sends anything that can be read and rewound.
    ///
    /// Cancel safe as far as seeking `from` is.
    ///
    /// # Errors
    /// If its length cannot be determined.
    pub async fn seekable(
        name: impl Into<String>,
        mut from: impl AsyncRead + AsyncSeek + Send + Unpin + 'static,
    ) -> io::Result<Self> {
        let len = from.seek(SeekFrom::End(0)).await?;
        let data = Data::Seek(Box::new(from), Buffer::default());
        Ok(Self { name: name.into(), len, modified_ms: None, data, immutable: false, kind: None })
    }

    /// Reads a one-shot reader to its end. Up to `memory_limit` bytes are kept in memory, longer
    /// pictures go to a temporary file, and those of more than `limit` bytes are refused.
    ///
    /// Not cancel safe: what was read by then is lost.
    ///
    /// # Errors
    /// The error of the reader; [`io::ErrorKind::FileTooLarge`] above `limit`; no space for the
    /// temporary file.
    pub async fn reader(
        name: impl Into<String>,
        from: impl AsyncRead + Unpin,
        memory_limit: u64,
        limit: u64,
    ) -> io::Result<Self> {
        let mut from = from.take(limit.saturating_add(1));
        let mut memory = Vec::new();
        (&mut from).take(memory_limit.saturating_add(1)).read_to_end(&mut memory).await?;
        let mut len = memory.len() as u64;
        if len <= memory_limit.min(limit) {
            return Ok(Self::bytes(name, memory));
        }
        let file = spawn_blocking(tempfile::tempfile).await?.map_err(explain_unnamed)?;
        let mut file = tokio::fs::File::from_std(file);
        if len <= limit {
            // Not `io::copy`: it does not say whether the file or the reader failed.
            while !memory.is_empty() {
                file.write_all(&memory).await.map_err(explain_unnamed)?;
                memory.clear();
                memory.shrink_to(BLOCK as usize);
                (&mut from).take(BLOCK).read_to_end(&mut memory).await?;
                len += memory.len() as u64;
            }
            drop(memory);
            file.flush().await.map_err(explain_unnamed)?;
        }
        if len > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("the reader has more than {limit} bytes"),
            ));
        }
        let source = Self::file(name, file.into_std().await)?;
        // It has no name: nobody else can reach it.
        Ok(Self { immutable: true, ..source })
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
    /// Cancel safe.
    ///
    /// # Errors
    /// If it cannot be read, or cannot be sent as a picture.
    pub async fn picture(&mut self, policy: &Policy) -> Result<Media, Error> {
        let first = self.load(0..FIRST.min(self.len)).await;
        let first = first.map_err(|error| Error::new(Step::Prepare, SourceError::from(error)))?;
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
    async fn load(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        let len = usize::try_from(span.end.saturating_sub(span.start)).unwrap_or_default();
        match &mut self.data {
            Data::Bytes(bytes) => {
                let at =
                    |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.slice(at(span.start)..at(span.end)))
            }
            Data::File(file) => {
                let file = Arc::clone(file);
                let read = move || {
                    let mut guard = file.lock().unwrap_or_else(PoisonError::into_inner);
                    let (file, buffer) = &mut *guard;
                    file.seek(SeekFrom::Start(span.start))?;
                    buffer.read(file, len)
                };
                spawn_blocking(read).await?
            }
            Data::Seek(from, buffer) => {
                from.seek(SeekFrom::Start(span.start)).await?;
                let mut space = buffer.space(len);
                let mut filled = 0;
                while filled < len {
                    match from.read(&mut space.as_mut()[filled..]).await? {
                        0 => break,
                        more => filled += more,
                    }
                }
                Ok(buffer.filled(space, filled))
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
