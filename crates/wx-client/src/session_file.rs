//! The file that a login is kept in.

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

/// The size that no session file comes near.
const LIMIT: u64 = 4 * 1024 * 1024;

/// A session file that this process alone may write, for as long as the value lives.
///
/// It holds every secret of the login, so its owner alone can read what is saved (0600). A save
/// replaces the file as a whole: after a crash either the old session is there or the new one. If
/// the path is a symbolic link, the file it points to is locked and replaced, and the link stays.
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
/// Copies that killed programs have left half written are removed when the file is opened.
///
/// A program that only sends need not lock the file: [`SessionFile::read`].
#[derive(Debug)]
pub struct SessionFile {
    /// As it was given; it may be a link.
    path: PathBuf,
    /// Goes before the lock does, and is left alone once something is saved.
    placeholder: Mutex<Option<Placeholder>>,
    file: Mutex<LockedFile>,
}

impl SessionFile {
    /// Locks the session file of an earlier login.
    ///
    /// # Errors
    /// [`SessionFileError`]: there is none, another process has it, or it is no regular file.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, SessionFileError> {
        Self::lock(path.into(), false)
    }

    /// Locks a session file for a new login. If there is none, its place is taken by an empty file,
    /// which is removed unless a session is saved.
    ///
    /// # Errors
    /// As for [`SessionFile::open`]; and a link to nothing is refused.
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
                let kind = if create { kind } else { kind.or_no_login() };
                Err(SessionFileError::new(path, kind))
            }
        }
    }

    /// Reads the session.
    ///
    /// # Errors
    /// [`SessionFileError`]: the file was replaced by another process, is no session, or is one of
    /// a loopback address.
    pub fn load(&self) -> Result<Session, SessionFileError> {
        self.load_with(|text| Session::from_json(text))
    }

    /// Like [`load`](Self::load), and accepts a session of a loopback address too: for tests and
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
        read().map_err(|kind| self.blame(kind))
    }

    /// Replaces the session. When this has returned, it survives a power failure. Keys of the file
    /// that this version does not know are kept if it is a session of the same account.
    ///
    /// # Errors
    /// [`SessionFileError`]: the file was replaced by another process, or cannot be written. What
    /// was there stays.
    pub fn save(&self, session: &Session) -> Result<(), SessionFileError> {
        let mut session = session.clone();
        // What cannot be read has no keys to keep, and is replaced.
        if let Ok(found) = self.load_allow_loopback() {
            session.keep_unknown_keys(&found);
        }
        self.save_json(session.to_json().expose())
    }

    /// Like [`save`](Self::save), with the JSON text of a session, such as that of an emulator. It
    /// is not checked.
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
        write().map_err(|kind| self.blame(kind))
    }

    /// Empties the file in place: for a login that has ended, if what is left of it cannot be
    /// saved. A full disk does not prevent it, nor does a directory that cannot be written.
    ///
    /// # Errors
    /// [`SessionFileError`]: the file was replaced by another process, or cannot be written.
    pub fn erase(&self) -> Result<(), SessionFileError> {
        let mut locked = self.locked();
        let erased = self.check(&locked).and_then(|()| locked.clear());
        erased.map_err(|error| self.blame(error.into()))
    }

    /// Returns the path that was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a session without locking its file. Another process may go on to change it.
    ///
    /// # Errors
    /// [`SessionFileError`]: there is none, or it is one of a loopback address.
    pub fn read(path: impl Into<PathBuf>) -> Result<Session, SessionFileError> {
        read_with(path.into(), |text| Session::from_json(text))
    }

    /// Like [`read`](Self::read), and accepts a session of a loopback address too: for tests and
    /// demonstrations.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_allow_loopback(path: impl Into<PathBuf>) -> Result<Session, SessionFileError> {
        read_with(path.into(), |text| Session::from_json_allow_loopback(text))
    }

    /// Whether other users may read or write the file at `path`, which holds the login's secrets. A
    /// save makes it the owner's alone, but whoever has read it before still has the login.
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

    /// Checks that the path that was given still leads to the locked file.
    fn check(&self, locked: &LockedFile) -> io::Result<()> {
        if resolve(&self.path)? != locked.path() {
            return Err(io::Error::other("the link was changed by somebody else"));
        }
        locked.check()
    }

    fn locked(&self) -> MutexGuard<'_, LockedFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn blame(&self, kind: SessionFileErrorKind) -> SessionFileError {
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
    read().map_err(|kind| SessionFileError::new(path.clone(), kind.or_no_login()))
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
