use std::path::Path;

use super::LockError;

/// A lock on a directory, for one process at a time. Nothing is written to the directory.
///
/// Some file systems, and systems other than Unix, cannot lock directories. There, this does
/// nothing. Use it only to avoid duplicate work. Use a [`LockedFile`](super::LockedFile) where two
/// writers would do damage.
#[derive(Debug)]
pub struct LockedDir {
    #[cfg(unix)]
    _file: std::fs::File,
}

impl LockedDir {
    /// Locks a directory. Follows symbolic links.
    ///
    /// # Errors
    /// [`LockError::Busy`] if another process, or another part of this one, has locked it.
    /// [`LockError::Io`] if it is not a directory or cannot be opened.
    #[cfg(unix)]
    pub fn open(path: &Path) -> Result<Self, LockError> {
        use std::fs::{File, TryLockError};
        use std::os::unix::fs::OpenOptionsExt;

        let flags = rustix::fs::OFlags::DIRECTORY.bits().cast_signed();
        let file = File::options().read(true).custom_flags(flags).open(path)?;
        match file.try_lock() {
            // Network file systems only lock files that are open for writing.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                let id = crate::regular::FileId::from_metadata(&file.metadata()?);
                Err(LockError::Busy(super::Holder::find(id)))
            }
        }
    }

    /// Does nothing here.
    ///
    /// # Errors
    /// This never fails.
    #[cfg(not(unix))]
    pub fn open(_: &Path) -> Result<Self, LockError> {
        Ok(Self {})
    }
}
