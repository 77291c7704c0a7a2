use std::fmt;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tempfile::{NamedTempFile, TempPath};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWrite, AsyncWriteExt};
use tokio::task::spawn_blocking;

use crate::Media;

/// Where a fetched picture goes. Whatever ends before the picture is whole and checked leaves nothing behind, a dropped
/// future too.
pub struct Sink<'a> {
    place: Place<'a>,
}

enum Place<'a> {
    Path { path: PathBuf, file: Option<Beside> },
    Vec { bytes: &'a mut Vec<u8>, kept: bool },
    Writer { writer: &'a mut (dyn AsyncWrite + Send + Unpin), written: u64 },
}

/// The temporary file.
struct Beside {
    file: File,
    path: TempPath,
    /// How many bytes it holds; not known while some are being written.
    len: Option<u64>,
}

impl<'a> Sink<'a> {
    /// A file, which appears or is replaced at the very end: the bytes go to a temporary file beside it first.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::Path { path: path.into(), file: None } }
    }

    /// A vector, which holds the picture afterwards, or nothing.
    pub fn vec(bytes: &'a mut Vec<u8>) -> Self {
        Self { place: Place::Vec { bytes, kept: false } }
    }

    /// A writer. What is written cannot be taken back, so a download that breaks off is not started over, and the
    /// writer keeps what it got.
    pub fn writer(writer: &'a mut (impl AsyncWrite + Send + Unpin)) -> Self {
        Self { place: Place::Writer { writer, written: 0 } }
    }

    /// Whether a picture can be started over in it.
    #[must_use]
    pub fn is_restartable(&self) -> bool {
        !matches!(self.place, Place::Writer { .. })
    }

    /// Keeps what was stored: the last step of a download that went well.
    ///
    /// When the future is dropped, the file is either in place or not there.
    ///
    /// # Errors
    /// The file's or writer's own; then nothing is kept.
    pub async fn finish(mut self) -> io::Result<()> {
        match &mut self.place {
            Place::Path { path, file } => match file.take() {
                Some(Beside { mut file, path: temporary, .. }) => {
                    // tokio's files report an error of the last write only now.
                    file.flush().await?;
                    file.sync_all().await?;
                    let path = std::mem::take(path);
                    let renamed = spawn_blocking(|| temporary.persist(path)).await?;
                    renamed.map_err(|error| error.error)
                }
                None => Ok(()),
            },
            Place::Vec { kept, .. } => {
                *kept = true;
                Ok(())
            }
            Place::Writer { writer, .. } => writer.flush().await,
        }
    }
}

impl Media for Sink<'_> {
    async fn store(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        match &mut self.place {
            Place::Path { path, file } => {
                let Beside { file, len, .. } = match file {
                    Some(file) => file,
                    None => file.insert(temporary(path.clone()).await?),
                };
                if len.take() != Some(at) {
                    file.set_len(at).await?;
                    file.seek(SeekFrom::Start(at)).await?;
                }
                // It goes on behind the scenes: an error shows itself at the next store, or at the end.
                file.write_all(&bytes).await?;
                *len = Some(at + bytes.len() as u64);
                Ok(())
            }
            Place::Vec { bytes: all, .. } => {
                all.truncate(usize::try_from(at).unwrap_or(usize::MAX));
                all.extend_from_slice(&bytes);
                Ok(())
            }
            Place::Writer { writer, written } => {
                // A dropped future leaves a store half done; when it is repeated, that half is not written again.
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

/// What follows the first `done` bytes, if anything does.
fn rest_of(bytes: &[u8], done: u64) -> Option<&[u8]> {
    let rest = bytes.get(usize::try_from(done).ok()?..)?;
    (!rest.is_empty()).then_some(rest)
}

impl Drop for Sink<'_> {
    fn drop(&mut self) {
        if let Place::Vec { bytes, kept: false } = &mut self.place {
            bytes.clear();
        }
    }
}

impl fmt::Debug for Sink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.place {
            Place::Path { .. } => "Sink::path",
            Place::Vec { .. } => "Sink::vec",
            Place::Writer { .. } => "Sink::writer",
        })
    }
}

/// A file beside `path`, so that it can be renamed, with the permissions of any new file.
async fn temporary(path: PathBuf) -> io::Result<Beside> {
    let (file, path) = spawn_blocking(move || create(&path).map(NamedTempFile::into_parts)).await??;
    Ok(Beside { file: File::from_std(file), path, len: Some(0) })
}

fn create(path: &Path) -> io::Result<NamedTempFile> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, not a file"));
    }
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".wx-").tempfile_in(beside.unwrap_or(Path::new(".")))
}
