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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use wx_proto::ErrorChain;

    use super::*;

    fn session(skey: &str) -> Session {
        let text = serde_json::json!({
            "version": 1, "base": "https://wx.qq.com", "uin": 1, "sid": "sid", "skey": skey,
            "pass_ticket": "ticket", "user_name": "@me", "cookies": [],
        });
        Session::from_json(text.to_string()).expect("a session")
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn a_login_is_kept_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.json");
        let file = SessionFile::open_or_create(&path).unwrap();
        for skey in ["first", "second"] {
            file.save(&session(skey)).unwrap();
            assert_eq!(file.load().unwrap(), session(skey));
        }
        assert_eq!(mode(&path), 0o600);
        assert_eq!(SessionFile::read(&path).unwrap(), session("second"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_later_version_wrote_goes_on_with_the_account() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.json");
        let later = || {
            let text = fs::read(&path).unwrap();
            let file: serde_json::Value = serde_json::from_slice(&text).unwrap();
            file["later"].clone()
        };
        let mut text: serde_json::Value =
            serde_json::from_str(session("first").to_json().expose()).unwrap();
        text["later"] = serde_json::json!([1.0, {"a": null}]);
        let file = SessionFile::open_or_create(&path).unwrap();
        file.save_json(&text.to_string()).unwrap();
        file.save(&session("next login")).unwrap();
        assert_eq!(
            (file.load().unwrap().skey(), later()),
            (session("next login").skey(), text["later"].clone())
        );
        text["uin"] = 2.into();
        file.save_json(&text.to_string()).unwrap();
        file.save(&session("another account")).unwrap();
        assert_eq!(later(), serde_json::Value::Null);
    }

    #[test]
    fn a_copy_that_a_killed_program_left_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.json");
        fs::write(&path, session("kept").to_json().expose()).unwrap();
        fs::write(dir.path().join(".wx-0123456789ab.tmp"), "half").unwrap();
        SessionFile::open(&path).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_others_can_read_is_noticed_and_closed_by_a_save() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.json");
        fs::write(&path, session("secret").to_json().expose()).unwrap();
        for exposed in [0o644, 0o640, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(exposed)).unwrap();
            assert!(SessionFile::is_exposed(&path), "{exposed:o}");
        }
        let file = SessionFile::open(&path).unwrap();
        file.save(&file.load().unwrap()).unwrap();
        assert!(!SessionFile::is_exposed(&path));
    }

    #[test]
    fn a_link_is_written_through_and_is_the_same_lock() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("real")).unwrap();
        let (target, link) = (dir.path().join("real/session.json"), dir.path().join("link.json"));
        fs::write(&target, session("old").to_json().expose()).unwrap();
        symlink("real/session.json", &link).unwrap();
        let file = SessionFile::open(&link).unwrap();
        for _ in 0..2 {
            file.save(&session("new")).unwrap();
            for name in [&target, &link] {
                let error = SessionFile::open(name).unwrap_err();
                assert!(matches!(error.kind(), SessionFileErrorKind::Busy(_)), "{error}");
            }
        }
        assert!(link.is_symlink());
        assert_eq!((mode(&target), SessionFile::read(&target).unwrap()), (0o600, session("new")));
        // A link that leads elsewhere since is not written through.
        fs::write(dir.path().join("other.json"), "").unwrap();
        fs::remove_file(&link).unwrap();
        symlink("other.json", &link).unwrap();
        file.save(&session("lost")).unwrap_err();
        assert_eq!(fs::read_to_string(dir.path().join("other.json")).unwrap(), "");
    }

    #[test]
    fn an_erased_file_holds_nothing_and_what_took_its_place_is_not_erased() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.json");
        fs::write(&path, session("ended").to_json().expose()).unwrap();
        let file = SessionFile::open(&path).unwrap();
        file.erase().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert!(matches!(
            SessionFile::open(&path).unwrap_err().kind(),
            SessionFileErrorKind::Busy(_)
        ));
        file.save(&session("next")).unwrap();
        // Another login in a new file of the same name.
        fs::remove_file(&path).unwrap();
        fs::write(&path, session("other").to_json().expose()).unwrap();
        file.erase().unwrap_err();
        assert_eq!(SessionFile::read(&path).unwrap(), session("other"));
    }

    #[test]
    fn a_link_to_nothing_creates_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link.json");
        symlink("elsewhere.json", &link).unwrap();
        for error in [
            SessionFile::open(&link).unwrap_err(),
            SessionFile::open_or_create(&link).unwrap_err(),
            SessionFile::read(&link).unwrap_err(),
        ] {
            let shown = ErrorChain(&error).to_string();
            assert!(shown.contains("is a symbolic link to a file that does not exist"), "{shown}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn without_a_login_no_file_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.json");
        let file = SessionFile::open_or_create(&path).unwrap();
        assert!(matches!(file.load().unwrap_err().kind(), SessionFileErrorKind::NoLogin));
        drop(file);
        assert!(!path.exists());
        assert!(matches!(
            SessionFile::open(&path).unwrap_err().kind(),
            SessionFileErrorKind::NoLogin
        ));
        // One that was there before stays.
        fs::write(&path, "").unwrap();
        drop(SessionFile::open_or_create(&path).unwrap());
        assert!(path.exists());
        // So does what another process has put there, before a login was saved and after.
        for saved in [false, true] {
            fs::remove_file(&path).unwrap();
            let file = SessionFile::open_or_create(&path).unwrap();
            if saved {
                file.save(&session("new")).unwrap();
            }
            fs::remove_file(&path).unwrap();
            fs::write(&path, "").unwrap();
            drop(file);
            assert!(path.exists());
        }
    }

    #[test]
    fn errors_name_the_file_and_what_to_do_and_show_nothing_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.json");
        fs::write(&path, r#"{"version": 1, "skey": "@crypt_secret""#).unwrap();
        let error = SessionFile::read(&path).unwrap_err();
        let name = path.display();
        assert_eq!(
            ErrorChain(&error).to_string(),
            format!("the session file {name} cannot be used: the session is not a JSON object")
        );
        assert!(!format!("{error:?}").contains("secret"));
        File::create(&path).unwrap().set_len(LIMIT + 1).unwrap();
        let error = SessionFile::open(&path).unwrap().load().unwrap_err();
        assert!(matches!(error.kind(), SessionFileErrorKind::TooLarge));
        let fifo = dir.path().join("fifo");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        symlink("fifo", dir.path().join("link")).unwrap();
        for path in [fifo, dir.path().join("link")] {
            for error in [
                SessionFile::read(&path).unwrap_err(),
                SessionFile::open_or_create(&path).unwrap_err(),
            ] {
                assert!(ErrorChain(&error).to_string().contains("leads to a FIFO"), "{error:?}");
            }
        }
        let nowhere =
            SessionFile::open_or_create(dir.path().join("none/session.json")).unwrap_err();
        assert!(matches!(nowhere.kind(), SessionFileErrorKind::Io(_)), "{nowhere}");
        let shown = ErrorChain(&nowhere).to_string();
        let missing = format!("used: the directory {}/none does not exist", dir.path().display());
        assert!(shown.ends_with(&missing), "{shown}");
    }
}
