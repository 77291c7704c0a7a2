//! Session files, which store logins.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wx_proto::{Session, SessionError};

use crate::creation;
use crate::lock::{LockError, LockedFile};
use crate::regular::{self, resolve};
use crate::temp_file::{Placeholder, sweep};

mod error;
#[cfg(all(test, unix))]
mod tests;

pub use error::{SessionFileError, SessionFileErrorKind};

/// The maximum length of a file that is read. Session files are much smaller.
const LIMIT: u64 = 4 * 1024 * 1024;

/// A session file that is locked until this value is dropped.
///
/// The file contains every secret of the login, so only its owner can read it once it was saved
/// (0600). A save replaces the whole file: after a crash, it has either the old session or the new
/// one. If the path is a symbolic link, the file that it points to is locked and replaced, and the
/// link stays.
///
/// ```no_run
/// use wx_client::session_file::SessionFile;
///
/// # use wx_proto::Session;
/// # fn run(login: impl Fn() -> Session, work: impl Fn(Session) -> Session)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// // After a login:
/// SessionFile::open_or_create("session.json")?.save(&login())?;
///
/// // Later on:
/// let file = SessionFile::open("session.json")?;
/// let session = work(file.load()?);
/// file.save(&session)?;
/// # Ok(())
/// # }
/// ```
///
/// Opening the file removes incomplete copies of it that killed programs have left.
///
/// A program that only sends can use [`SessionFile::read`], which does not lock the file.
#[derive(Debug)]
pub struct SessionFile {
    /// The path that the caller passed, which may be a link.
    path: PathBuf,
    /// Removes the empty file, unless something was saved. Dropped before the lock.
    placeholder: Mutex<Option<Placeholder>>,
    file: Mutex<LockedFile>,
}

impl SessionFile {
    /// Locks the session file of an earlier login.
    ///
    /// # Errors
    /// [`SessionFileError`] if the file does not exist, is locked by another process, or is not a
    /// regular file.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, SessionFileError> {
        Self::lock(path.into(), false)
    }

    /// Locks a session file for a new login. If the file does not exist, creates an empty one,
    /// which is removed again unless a session is saved. If it exists, [`load`](Self::load) says
    /// whether it is a session that must be kept.
    ///
    /// # Errors
    /// Like [`SessionFile::open`], but a missing file is not an error, unless the path is a link.
    pub fn open_or_create(path: impl Into<PathBuf>) -> Result<Self, SessionFileError> {
        Self::lock(path.into(), true)
    }

    fn lock(path: PathBuf, create: bool) -> Result<Self, SessionFileError> {
        let open = || -> Result<(LockedFile, Option<Placeholder>), SessionFileErrorKind> {
            let target = resolve(&path)?;
            let is_new = create && !target.try_exists().unwrap_or(false);
            let file = LockedFile::open(&target, create).map_err(|error| match error {
                LockError::Io(error) if is_new => LockError::Io(creation::explain(&target, error)),
                other => other,
            })?;
            sweep(regular::parent(&target));
            let placeholder = file.is_created().then(|| Placeholder::new(target, file.file()));
            Ok((file, placeholder.transpose()?))
        };
        match open() {
            Ok((file, placeholder)) => {
                let placeholder = Mutex::new(placeholder);
                Ok(Self { path, placeholder, file: Mutex::new(file) })
            }
            Err(kind) => {
                let kind = if create { kind } else { kind.or_not_found() };
                Err(SessionFileError::new(path, kind))
            }
        }
    }

    /// Reads the session.
    ///
    /// # Errors
    /// [`SessionFileError`] if the file was replaced by another process, is not a session, or is a
    /// session on a loopback address.
    pub fn load(&self) -> Result<Session, SessionFileError> {
        self.load_with(|text| Session::from_json(text))
    }

    /// Like [`load`](Self::load), and also accepts a session on a loopback address, for tests and
    /// demonstrations.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn load_allow_loopback(&self) -> Result<Session, SessionFileError> {
        self.load_with(|text| Session::from_json_allow_loopback(text))
    }

    fn load_with(
        &self,
        parse: fn(&[u8]) -> Result<Session, SessionError>,
    ) -> Result<Session, SessionFileError> {
        let locked = self.locked();
        let read = || -> Result<Session, SessionFileErrorKind> {
            self.check(&locked)?;
            locked.file().rewind()?;
            parse_all(locked.file(), parse)
        };
        read().map_err(|kind| self.error(kind))
    }

    /// Replaces the file durably: after this, the session survives a power failure. Whatever the
    /// file contains is replaced, also the session of another account. Unknown keys of the file are
    /// kept if it is a session of the same account.
    ///
    /// # Errors
    /// [`SessionFileError`] if the file was replaced by another process, or cannot be written. The
    /// old contents are kept.
    pub fn save(&self, session: &Session) -> Result<(), SessionFileError> {
        let mut session = session.clone();
        // If the file cannot be read, there are no keys to keep.
        if let Ok(found) = self.load_allow_loopback() {
            session.keep_unknown_keys(&found);
        }
        self.save_json(session.to_json().expose())
    }

    /// Like [`save`](Self::save), with the JSON text of a session, such as the session of an
    /// emulator. The text is not checked.
    ///
    /// # Errors
    /// As for [`save`](Self::save).
    pub fn save_json(&self, text: &str) -> Result<(), SessionFileError> {
        let mut locked = self.locked();
        let mut write = || {
            if text.len() as u64 > LIMIT {
                return Err(SessionFileErrorKind::TooLarge);
            }
            self.check(&locked)?;
            let replaced = locked.replace(text.as_bytes());
            let mut placeholder = self.placeholder.lock().unwrap_or_else(PoisonError::into_inner);
            if !locked.is_created()
                && let Some(gone) = placeholder.take()
            {
                gone.leave();
            }
            Ok(replaced?)
        };
        write().map_err(|kind| self.error(kind))
    }

    /// Empties the file in place. Use it after a logout, if the session without its secrets cannot
    /// be saved. This also works if the disk is full or the directory cannot be written.
    ///
    /// # Errors
    /// [`SessionFileError`] if the file was replaced by another process, or cannot be written.
    pub fn erase(&self) -> Result<(), SessionFileError> {
        let mut locked = self.locked();
        let erased = self.check(&locked).and_then(|()| locked.clear());
        erased.map_err(|error| self.error(error.into()))
    }

    /// Returns the path that the file was opened with.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a session without locking its file. Another process may change it afterwards.
    ///
    /// # Errors
    /// [`SessionFileError`] if the file does not exist, is not a session, or is a session on a
    /// loopback address.
    pub fn read(path: impl Into<PathBuf>) -> Result<Session, SessionFileError> {
        read_with(path.into(), |text| Session::from_json(text))
    }

    /// Like [`read`](Self::read), and also accepts a session on a loopback address, for tests and
    /// demonstrations.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_allow_loopback(path: impl Into<PathBuf>) -> Result<Session, SessionFileError> {
        read_with(path.into(), |text| Session::from_json_allow_loopback(text))
    }

    /// Checks that no other process has locked the file at `path`, and that this one may write it.
    /// The file is not changed, and is locked only for an instant: a process that locks it at the
    /// same moment can find it in use.
    ///
    /// ```no_run
    /// use wx_client::session_file::{SessionFile, SessionFileErrorKind};
    ///
    /// if let Err(error) = SessionFile::check_free("session.json")
    ///     && let SessionFileErrorKind::Busy(Some(holder)) = error.kind()
    /// {
    ///     println!("process {} has locked it", holder.process());
    /// }
    /// ```
    ///
    /// # Errors
    /// [`SessionFileError`] with the kind [`Busy`](SessionFileErrorKind::Busy) if the file is
    /// locked. On Linux, the kind has the process that has locked it. With another kind if the file
    /// does not exist, is not a regular file, or may not be written.
    pub fn check_free(path: impl Into<PathBuf>) -> Result<(), SessionFileError> {
        let path = path.into();
        let opened = resolve(&path)
            .map_err(SessionFileErrorKind::from)
            .and_then(|target| Ok(LockedFile::open(&target, false)?));
        opened.map(drop).map_err(|kind| SessionFileError::new(path, kind.or_not_found()))
    }

    /// Returns whether other users can read or write the file at `path`. A save restricts the file
    /// to its owner, but anyone who has read it before still has the secrets of the login.
    #[must_use]
    pub fn is_exposed(path: impl AsRef<Path>) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            fs::metadata(path)
                .is_ok_and(|found| found.is_file() && found.len() > 0 && found.mode() & 0o077 != 0)
        }
        #[cfg(not(unix))]
        {
            let _ = path;
            false
        }
    }

    /// Checks that the caller's path still leads to the locked file.
    fn check(&self, locked: &LockedFile) -> io::Result<()> {
        if resolve(&self.path)? != locked.path() {
            return Err(io::Error::other("the link no longer leads to the locked file"));
        }
        locked.check()
    }

    fn locked(&self) -> MutexGuard<'_, LockedFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, kind: SessionFileErrorKind) -> SessionFileError {
        SessionFileError::new(self.path.clone(), kind)
    }
}

fn read_with(
    path: PathBuf,
    parse: fn(&[u8]) -> Result<Session, SessionError>,
) -> Result<Session, SessionFileError> {
    let read = || -> Result<Session, SessionFileErrorKind> {
        let file = regular::open(&resolve(&path)?, File::options().read(true))?;
        parse_all(&file, parse)
    };
    read().map_err(|kind| SessionFileError::new(path.clone(), kind.or_not_found()))
}

fn parse_all(
    file: &File,
    parse: fn(&[u8]) -> Result<Session, SessionError>,
) -> Result<Session, SessionFileErrorKind> {
    let mut text = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut text)?;
    if text.is_empty() {
        return Err(SessionFileErrorKind::NoLogin);
    }
    if text.len() as u64 > LIMIT {
        return Err(SessionFileErrorKind::TooLarge);
    }
    parse(&text).map_err(SessionFileErrorKind::Session)
}
