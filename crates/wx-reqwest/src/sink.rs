use std::fmt;
use std::io::{self, SeekFrom};
use std::path::PathBuf;

use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWrite, AsyncWriteExt};
use tokio::task::spawn_blocking;
use wx_client::media_io::{MediaIo, MediaSink};
use wx_client::temp_file::{Access, TempFile};
use wx_proto::bytes::Bytes;

/// The destination of fetched media. A download that ends before the media is complete and verified
/// leaves nothing behind. This includes a download whose future was dropped.
pub struct Sink<'a> {
    place: Destination<'a>,
}

enum Destination<'a> {
    Path { path: PathBuf, file: Option<Partial> },
    Vec { bytes: &'a mut Vec<u8>, kept: bool },
    Writer { writer: Box<dyn AsyncWrite + Send + Unpin + 'a>, written: u64 },
}

/// A file that is being written under a temporary name.
struct Partial {
    /// The open file of `temporary`.
    file: File,
    temporary: TempFile,
    /// The length of the file, unless a write is in progress or has failed.
    len: Option<u64>,
}

impl<'a> Sink<'a> {
    /// Writes to a file, which is created or replaced once the media is complete. Until then, the
    /// bytes are in a temporary file in the same directory.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { place: Destination::Path { path: path.into(), file: None } }
    }

    /// Writes to a vector, whose former content is removed. On error, the vector is empty.
    pub fn vec(bytes: &'a mut Vec<u8>) -> Self {
        bytes.clear();
        Self { place: Destination::Vec { bytes, kept: false } }
    }

    /// Writes to a writer. Written bytes cannot be taken back, so an interrupted download is not
    /// restarted, and the writer keeps them.
    pub fn writer(writer: &'a mut (impl AsyncWrite + Send + Unpin)) -> Self {
        Self { place: Destination::Writer { writer: Box::new(writer), written: 0 } }
    }

    /// Returns whether a download into this sink can be restarted.
    #[must_use]
    pub fn is_restartable(&self) -> bool {
        !matches!(self.place, Destination::Writer { .. })
    }

    /// Completes the media, as the last step of a successful download.
    ///
    /// If the future is dropped, the file is either complete or not there at all.
    ///
    /// # Errors
    /// The error of the file or the writer; nothing is kept in that case.
    pub async fn finish(mut self) -> io::Result<()> {
        match &mut self.place {
            Destination::Path { file, .. } => match file.take() {
                Some(Partial { mut file, temporary, .. }) => {
                    // tokio reports an error of the last write here.
                    file.flush().await?;
                    spawn_blocking(|| temporary.persist().map(drop)).await?
                }
                None => Ok(()),
            },
            Destination::Vec { kept, .. } => {
                *kept = true;
                Ok(())
            }
            Destination::Writer { writer, .. } => writer.flush().await,
        }
    }
}

impl MediaIo for Sink<'_> {
    async fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        match &mut self.place {
            Destination::Path { path, file } => {
                let Partial { file, len, .. } = match file {
                    Some(file) => file,
                    None => file.insert(temporary(path.clone()).await?),
                };
                if len.take() != Some(at) {
                    file.set_len(at).await?;
                    file.seek(SeekFrom::Start(at)).await?;
                }
                // tokio writes in the background and reports an error at the next write or flush.
                file.write_all(&bytes).await?;
                *len = Some(at + bytes.len() as u64);
                Ok(())
            }
            Destination::Vec { bytes: all, .. } => {
                all.truncate(usize::try_from(at).unwrap_or(usize::MAX));
                all.extend_from_slice(&bytes);
                Ok(())
            }
            Destination::Writer { writer, written } => {
                // Skip the part that was already written, if the future of this write was dropped
                // before.
                while let Some(rest) = rest_of(&bytes, written.saturating_sub(at)) {
                    match writer.write(rest).await? {
                        0 => return Err(io::ErrorKind::WriteZero.into()),
                        len => *written += len as u64,
                    }
                }
                Ok(())
            }
        }
    }
}

/// Returns the bytes after the first `done` bytes, or `None` if there are none.
fn rest_of(bytes: &[u8], done: u64) -> Option<&[u8]> {
    let rest = bytes.get(usize::try_from(done).ok()?..)?;
    (!rest.is_empty()).then_some(rest)
}

impl MediaSink for Sink<'_> {
    fn is_restartable(&self) -> bool {
        Self::is_restartable(self)
    }

    async fn finish(self) -> io::Result<()> {
        Self::finish(self).await
    }
}

impl Drop for Sink<'_> {
    fn drop(&mut self) {
        if let Destination::Vec { bytes, kept: false } = &mut self.place {
            bytes.clear();
        }
    }
}

impl fmt::Debug for Sink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.place {
            Destination::Path { .. } => "Sink::path",
            Destination::Vec { .. } => "Sink::vec",
            Destination::Writer { .. } => "Sink::writer",
        })
    }
}

async fn temporary(path: PathBuf) -> io::Result<Partial> {
    let create = move || {
        let temporary = TempFile::for_target(&path, Access::Inherited)?;
        Ok::<_, io::Error>((temporary.file().try_clone()?, temporary))
    };
    let (file, temporary) = spawn_blocking(create).await??;
    Ok(Partial { file: File::from_std(file), temporary, len: Some(0) })
}
