use std::fmt;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tempfile::NamedTempFile;

use crate::Media;

/// Where a fetched picture goes. Whatever ends before the picture is whole and checked leaves nothing behind.
pub struct Sink<'a> {
    place: Place<'a>,
}

enum Place<'a> {
    Path { path: PathBuf, file: Option<Beside> },
    Vec { bytes: &'a mut Vec<u8>, kept: bool },
    Writer(&'a mut (dyn Write + Send)),
}

/// The temporary file.
struct Beside {
    file: NamedTempFile,
    /// How many bytes it holds; not known once a write has failed.
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
    pub fn writer(writer: &'a mut (impl Write + Send)) -> Self {
        Self { place: Place::Writer(writer) }
    }

    /// Whether a picture can be started over in it.
    #[must_use]
    pub fn is_restartable(&self) -> bool {
        !matches!(self.place, Place::Writer(_))
    }

    /// Keeps what was stored: the last step of a download that went well.
    ///
    /// # Errors
    /// The file's or writer's own; then nothing is kept.
    pub fn finish(mut self) -> io::Result<()> {
        match &mut self.place {
            Place::Path { path, file } => match file.take() {
                Some(Beside { file, .. }) => {
                    file.as_file().sync_all()?;
                    file.persist(path).map(drop).map_err(|error| error.error)
                }
                None => Ok(()),
            },
            Place::Vec { kept, .. } => {
                *kept = true;
                Ok(())
            }
            Place::Writer(writer) => writer.flush(),
        }
    }
}

impl Media for Sink<'_> {
    fn store(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        match &mut self.place {
            Place::Path { path, file } => {
                let Beside { file, len } = match file {
                    Some(file) => file,
                    None => file.insert(Beside { file: temporary(path)?, len: Some(0) }),
                };
                let file = file.as_file_mut();
                if len.take() != Some(at) {
                    file.set_len(at)?;
                    file.seek(SeekFrom::Start(at))?;
                }
                file.write_all(&bytes)?;
                *len = Some(at + bytes.len() as u64);
                Ok(())
            }
            Place::Vec { bytes: all, .. } => {
                all.truncate(usize::try_from(at).unwrap_or(usize::MAX));
                all.extend_from_slice(&bytes);
                Ok(())
            }
            Place::Writer(writer) => writer.write_all(&bytes),
        }
    }
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
            Place::Writer(_) => "Sink::writer",
        })
    }
}

/// A file beside `path`, so that it can be renamed, with the permissions of any new file.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, not a file"));
    }
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".wx-").tempfile_in(beside.unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failed_write_the_file_is_put_right() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jpg");
        let mut sink = Sink::path(&path);
        sink.store(0, Bytes::from_static(b"one")).unwrap();
        // What a full disk leaves behind: some bytes more, and nobody knows how many.
        let Place::Path { file: Some(beside), .. } = &mut sink.place else { panic!() };
        beside.file.as_file_mut().write_all(b"some").unwrap();
        beside.len = None;
        sink.store(3, Bytes::from_static(b"two")).unwrap();
        sink.store(6, Bytes::from_static(b"three")).unwrap();
        sink.finish().unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"onetwothree");
    }
}
