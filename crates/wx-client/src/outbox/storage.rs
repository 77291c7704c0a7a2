use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::lock::LockedFile;

/// Append-only storage for the record of an [`Outbox`](super::Outbox).
///
/// [Written](Storage::write) bytes need not survive a crash before [`sync`](Storage::sync) has
/// returned. After an error of `write` or `sync`, all, some or none of the bytes may be stored.
pub trait Storage: Send {
    /// Reads the whole record.
    ///
    /// # Errors
    /// If the record cannot be read.
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Appends `bytes`.
    ///
    /// # Errors
    /// If the bytes could not be written, or if the record was replaced or removed.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Waits until everything that was written would survive a crash.
    ///
    /// # Errors
    /// If this is not certain.
    fn sync(&mut self) -> io::Result<()>;

    /// Truncates the record to its first `len` bytes.
    ///
    /// # Errors
    /// If the record could not be truncated.
    fn truncate(&mut self, len: u64) -> io::Result<()>;

    /// Replaces the record with `bytes` atomically: after a crash or an error, either the old or
    /// the new record is in place.
    ///
    /// # Errors
    /// If it is not certain that the new record is in place.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Removes the record.
    ///
    /// # Errors
    /// If the record was replaced, or cannot be removed.
    fn remove(&mut self) -> io::Result<()>;
}

/// The maximum length of a record that is read. Records are much smaller.
const LIMIT: u64 = 256 * 1024 * 1024;

/// Keeps the record in a file. Each write checks that the file is still the locked one.
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

/// Storage that does nothing, for an outbox in memory.
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
