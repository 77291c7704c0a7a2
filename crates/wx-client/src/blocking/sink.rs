use std::fmt;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use wx_proto::bytes::Bytes;

use super::io::MediaIo;
use crate::media_io::{self, MediaSink};
use crate::temp_file::{Access, TempFile};

/// The destination of fetched media. A download that ends before the media is complete and verified
/// leaves nothing behind.
pub struct Sink<'a> {
    place: Destination<'a>,
}

enum Destination<'a> {
    Path { path: PathBuf, file: Option<Partial> },
    Vec { bytes: &'a mut Vec<u8>, kept: bool },
    Writer(Box<dyn Write + Send + 'a>),
}

/// A file that is being written under a temporary name.
struct Partial {
    file: TempFile,
    /// The length of the file, unless a write has failed.
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
    pub fn writer(writer: &'a mut (impl Write + Send)) -> Self {
        Self { place: Destination::Writer(Box::new(writer)) }
    }

    /// Returns whether a download into this sink can be restarted.
    #[must_use]
    pub fn is_restartable(&self) -> bool {
        !matches!(self.place, Destination::Writer(_))
    }

    /// Completes the media, as the last step of a successful download.
    ///
    /// # Errors
    /// The error of the file or the writer; nothing is kept in that case.
    pub fn finish(mut self) -> io::Result<()> {
        match &mut self.place {
            Destination::Path { file, .. } => match file.take() {
                Some(Partial { file, .. }) => file.persist().map(drop),
                None => Ok(()),
            },
            Destination::Vec { kept, .. } => {
                *kept = true;
                Ok(())
            }
            Destination::Writer(writer) => writer.flush(),
        }
    }
}

impl MediaIo for Sink<'_> {
    fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        match &mut self.place {
            Destination::Path { path, file } => {
                let Partial { file, len } = match file {
                    Some(file) => file,
                    None => {
                        let temporary = TempFile::for_target(path, Access::Inherited)?;
                        file.insert(Partial { file: temporary, len: Some(0) })
                    }
                };
                let mut file = file.file();
                if len.take() != Some(at) {
                    file.set_len(at)?;
                    file.seek(SeekFrom::Start(at))?;
                }
                file.write_all(&bytes)?;
                *len = Some(at + bytes.len() as u64);
                Ok(())
            }
            Destination::Vec { bytes: all, .. } => {
                all.truncate(usize::try_from(at).unwrap_or(usize::MAX));
                all.extend_from_slice(&bytes);
                Ok(())
            }
            Destination::Writer(writer) => writer.write_all(&bytes),
        }
    }
}

impl media_io::MediaIo for Sink<'_> {
    async fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        MediaIo::write(self, at, bytes)
    }
}

impl MediaSink for Sink<'_> {
    fn is_restartable(&self) -> bool {
        Self::is_restartable(self)
    }

    async fn finish(self) -> io::Result<()> {
        Self::finish(self)
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
            Destination::Writer(_) => "Sink::writer",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_is_repaired() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jpg");
        let mut sink = Sink::path(&path);
        sink.write(0, Bytes::from_static(b"one")).unwrap();
        // A full disk leaves an unknown number of additional bytes.
        let Destination::Path { file: Some(partial), .. } = &mut sink.place else { panic!() };
        partial.file.file().write_all(b"some").unwrap();
        partial.len = None;
        sink.write(3, Bytes::from_static(b"two")).unwrap();
        sink.write(6, Bytes::from_static(b"three")).unwrap();
        sink.finish().unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"onetwothree");
    }
}
