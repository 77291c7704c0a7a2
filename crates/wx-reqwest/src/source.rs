use std::fmt;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWriteExt};
use tokio::task::spawn_blocking;
use wx_client::Outbound;
use wx_client::creation::explain_unnamed;
use wx_client::media_io::{MediaIo, MediaSource};
use wx_client::page_buffer::PageBuffer;
use wx_client::source_info::{SourceInfo, slice, too_long};
use wx_proto::bytes::Bytes;
use wx_proto::{Error, Media, SourceError, Step};

/// Media to send: an image or any other file. It is read twice: once for its MD5, and once in
/// chunks. Media of a single chunk is read once.
///
/// At most one chunk of 512 KiB is in memory, unless the caller provides the media in memory.
pub struct Source {
    info: SourceInfo,
    data: Data,
}

/// The number of bytes that are copied from a reader to a temporary file at once.
const BLOCK: u64 = 64 * 1024;

enum Data {
    Bytes(Bytes),
    /// Read on a thread that may block. If a read is dropped, the next one waits for its end.
    File(Arc<Mutex<(File, PageBuffer)>>),
    Seek(Box<dyn ReadSeek>, PageBuffer),
}

trait ReadSeek: AsyncRead + AsyncSeek + Send + Unpin {}

impl<T: AsyncRead + AsyncSeek + Send + Unpin> ReadSeek for T {}

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
    /// Cancel safe.
    ///
    /// # Errors
    /// The error names the file and says why it cannot be read.
    pub async fn path(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let (info, file) = spawn_blocking(move || SourceInfo::open(&path)).await??;
        Ok(Self::file(info, file))
    }

    fn file(info: SourceInfo, file: File) -> Self {
        Self { info, data: Data::File(Arc::new(Mutex::new((file, PageBuffer::default())))) }
    }

    /// Sends anything that can be read and rewound.
    ///
    /// Cancel safe if seeking `from` is.
    ///
    /// # Errors
    /// If its length cannot be determined.
    pub async fn seekable(
        name: impl Into<String>,
        mut from: impl AsyncRead + AsyncSeek + Send + Unpin + 'static,
    ) -> io::Result<Self> {
        let len = from.seek(SeekFrom::End(0)).await?;
        let data = Data::Seek(Box::new(from), PageBuffer::default());
        Ok(Self { info: SourceInfo::new(name, len), data })
    }

    /// Reads a reader to its end. Up to `memory_limit` bytes are kept in memory, longer media is
    /// written to a temporary file, and media of more than `limit` bytes is refused.
    ///
    /// Not cancel safe: bytes that were read are lost.
    ///
    /// # Errors
    /// The error of the reader or of the temporary file; [`io::ErrorKind::FileTooLarge`] above
    /// `limit`.
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
            return Err(too_long(limit));
        }
        // The file has no name, so no other process can change it.
        let info = SourceInfo::new(name, len).immutable();
        Ok(Self::file(info, file.into_std().await))
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
    /// Cancel safe.
    ///
    /// # Errors
    /// If the source is empty or cannot be read.
    pub async fn media(&mut self) -> Result<Media, Error> {
        let first = self.read(self.info.first_span()).await;
        let first = first.map_err(|error| Error::new(Step::Prepare, SourceError::from(error)))?;
        self.info.media(&first)
    }
}

impl MediaIo for Source {
    async fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        let len = usize::try_from(span.end.saturating_sub(span.start)).unwrap_or_default();
        match &mut self.data {
            Data::Bytes(bytes) => Ok(slice(bytes, span)),
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
                let mut memory = buffer.memory(len);
                let mut filled = 0;
                while filled < len {
                    match from.read(&mut memory.bytes_mut()[filled..]).await? {
                        0 => break,
                        more => filled += more,
                    }
                }
                Ok(buffer.filled(memory, filled))
            }
        }
    }
}

impl MediaSource for Source {
    async fn media(&mut self) -> Result<Media, Error> {
        Self::media(self).await
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
