use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::lock::LockedFile;

/// Where an [`Outbox`](super::Outbox) keeps its record: bytes that are appended to.
///
/// What [`write`](Storage::write) has taken need not survive a crash before
/// [`sync`](Storage::sync) has returned. After an error of either, some, all or none of the bytes
/// may be there.
pub trait Storage: Send {
    /// Reads everything.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Appends `bytes`.
    ///
    /// # Errors
    /// If they could not be written, or if somebody else has taken the record away.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns once everything that was written survives a crash.
    ///
    /// # Errors
    /// If that is not certain.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts everything after the first `len` bytes off.
    ///
    /// # Errors
    /// If it could not be cut.
    fn truncate(&mut self, len: u64) -> io::Result<()>;

    /// Puts `bytes` in the place of everything, at once: after a crash or an error, all of the old
    /// or all of the new is there.
    ///
    /// # Errors
    /// If it is not certain that the new record is in place.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Removes the record, if it is still this one.
    ///
    /// # Errors
    /// If it is not, or cannot be removed.
    fn remove(&mut self) -> io::Result<()>;
}

/// No record is near as large.
const LIMIT: u64 = 256 * 1024 * 1024;

/// A record in a file, which has to be this process's own for each write.
impl Storage for LockedFile {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = self.file();
        file.seek(SeekFrom::Start(0))?;
        file.take(LIMIT + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LIMIT {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "the file is too large for an outbox",
            ));
        }
        Ok(bytes)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        LockedFile::check(self)?;
        let mut file = self.file();
        file.seek(SeekFrom::End(0))?;
        file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file().sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        LockedFile::check(self)?;
        self.file().set_len(len)
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        LockedFile::replace(self, bytes)
    }

    fn remove(&mut self) -> io::Result<()> {
        LockedFile::check(self)?;
        std::fs::remove_file(self.path())
    }
}

/// Remembers for the life of the process.
#[derive(Debug, Default)]
pub(super) struct MemoryStorage;

impl Storage for MemoryStorage {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn replace(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn remove(&mut self) -> io::Result<()> {
        Ok(())
    }
}
