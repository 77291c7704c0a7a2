//! Locks on files and directories that links and deletion cannot circumvent.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::regular::{self, FileId, parent, try_lock};
use crate::temp_file::{Access, TempFile};

mod dir;
mod error;
mod holder;

pub use dir::LockedDir;
pub use error::LockError;
pub use holder::Holder;

/// The number of tries to lock a file, which another process may replace after it was opened.
const TRIES: usize = 16;

/// A locked regular file, which only this process may write.
///
/// The lock is on the file, not on its path. A hard link to the file is locked too, but a file that
/// replaces it is not. Call [`check`](Self::check) before each step that must not happen twice.
///
/// ```
/// use wx_client::lock::LockedFile;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("record");
/// let mut record = LockedFile::open(&path, true)?;
/// assert!(LockedFile::open(&path, true).is_err(), "in use");
/// record.replace(b"what was done")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LockedFile {
    path: PathBuf,
    file: File,
    id: FileId,
    is_created: bool,
    /// Replaced files that still have another name. They stay locked.
    replaced: Vec<File>,
}

impl LockedFile {
    /// Opens a file for reading and writing without following links, and locks it. If `create` is
    /// set and the file does not exist, creates an empty one that only its owner can read (0600).
    ///
    /// # Errors
    /// [`LockError::Busy`] if another process, or another part of this one, has locked it.
    /// [`LockError::Io`] if it cannot be opened; links, directories, FIFOs, sockets and devices are
    /// rejected. Does not block.
    pub fn open(path: &Path, create: bool) -> Result<Self, LockError> {
        for _ in 0..TRIES {
            let opened = regular::open(path, &mut options());
            let is_missing = |error: &io::Error| error.kind() == ErrorKind::NotFound;
            let (file, is_created) = match opened {
                Err(error) if create && is_missing(&error) => {
                    match regular::open(path, options().create_new(true)) {
                        Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                        created => (created, true),
                    }
                }
                opened => (opened, false),
            };
            let file = file.map_err(LockError::from_open)?;
            if let Some(locked) = Self::lock(file, path)? {
                return Ok(Self { is_created, ..locked });
            }
        }
        Err(LockError::Busy(None))
    }

    /// Returns whether [`open`](Self::open) has created the file, and it is still empty.
    pub(crate) fn is_created(&self) -> bool {
        self.is_created
    }

    /// Locks an open file. Returns `None` if `path` no longer leads to it.
    fn lock(file: File, path: &Path) -> Result<Option<Self>, LockError> {
        let id = FileId::from_metadata(&file.metadata()?);
        let locked = try_lock(&file);
        if !id.is_at(path)? {
            return Ok(None);
        }
        match locked {
            Ok(()) => {
                let (path, is_created, replaced) = (path.to_owned(), false, Vec::new());
                Ok(Some(Self { path, file, id, is_created, replaced }))
            }
            Err(TryLockError::WouldBlock) => match Holder::find(id) {
                // Its holder has just replaced it.
                None if !id.is_at(path)? => Ok(None),
                holder => Err(LockError::Busy(holder)),
            },
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Checks that the path still leads to the locked file.
    ///
    /// # Errors
    /// If the file was replaced or removed, and the lock no longer protects anything. Also if the
    /// path cannot be looked up.
    pub fn check(&self) -> io::Result<()> {
        if self.id.is_at(&self.path)? {
            Ok(())
        } else {
            Err(io::Error::other("the file was replaced or removed by another program"))
        }
    }

    /// Returns the open file.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Returns the path that the file was opened with.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the contents durably: after a crash, the file has either the old contents or the
    /// new ones. The lock moves to the new file, which only its owner can read.
    ///
    /// # Errors
    /// If the lock was [lost](Self::check), or the error of the file system. The old contents are
    /// still in place, with one exception: if only the directory could not be synced, the new
    /// contents are in place, but may not survive a power failure.
    pub fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let temporary = TempFile::for_target(&self.path, Access::Private)?;
        temporary.file().write_all(bytes)?;
        self.check()?;
        // Network file systems keep the name of an open file that is replaced, so names are counted
        // before.
        let has_other_names = has_other_names(&self.file)?;
        let new = temporary.persist()?;
        // Like the old file, the new one is not shared for writing.
        #[cfg(windows)]
        let new = {
            drop(new);
            regular::open(&self.path, &mut options())?
        };
        (self.id, self.is_created) = (FileId::from_metadata(&new.metadata()?), false);
        let old = std::mem::replace(&mut self.file, new);
        if has_other_names {
            self.replaced.push(old);
        }
        sync_directory(parent(&self.path))
    }

    /// Empties the file in place, durably. Unlike [`replace`](Self::replace), this needs neither
    /// space nor the permission to write to the directory. Hard links to the file are emptied too.
    ///
    /// # Errors
    /// If the lock was [lost](Self::check), or the error of the file system.
    pub fn clear(&mut self) -> io::Result<()> {
        self.check()?;
        self.file.set_len(0)?;
        self.file.sync_all()
    }
}

fn options() -> OpenOptions {
    let mut options = File::options();
    options.read(true).write(true);
    // Other processes may read and replace the file, but not write to it.
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0x1 | 0x4);
    options
}

#[cfg(unix)]
fn has_other_names(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() > 1)
}

#[cfg(not(unix))]
fn has_other_names(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// Syncs a directory, so that a rename in it survives a power failure.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // Not every file system supports this.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
            Ok(())
        }
        result => result,
    }
}

#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[track_caller]
    fn busy(path: &Path) -> Option<Holder> {
        match LockedFile::open(path, true) {
            Err(LockError::Busy(holder)) => holder,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_directory_is_locked_without_a_file_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let locked = LockedDir::open(dir.path()).unwrap();
        assert!(matches!(LockedDir::open(dir.path()), Err(LockError::Busy(_))));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        drop(locked);
        LockedDir::open(dir.path()).unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(matches!(LockedDir::open(&dir.path().join("file")), Err(LockError::Io(_))));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_holder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record");
        let _locked = LockedFile::open(&path, true).unwrap();
        // The system's list may skip a lock while others are added and removed.
        let holder = (0..100).find_map(|_| busy(&path)).expect("this process");
        assert_eq!(holder.process(), std::process::id());
        assert_eq!(
            LockError::Busy(Some(holder)).to_string(),
            "the path is in use by this process itself"
        );
    }

    #[test]
    fn one_file_by_any_name_is_one_lock() {
        let dir = tempfile::tempdir().unwrap();
        let (name, other) = (dir.path().join("name"), dir.path().join("other"));
        let mut locked = LockedFile::open(&name, true).unwrap();
        fs::hard_link(&name, &other).unwrap();
        busy(&name);
        busy(&other);
        // The old contents keep the other name, and stay in use.
        locked.replace(b"new").unwrap();
        busy(&name);
        busy(&other);
        drop(locked);
        LockedFile::open(&name, false).unwrap();
        LockedFile::open(&other, false).unwrap();
    }

    #[test]
    fn a_file_that_was_taken_away_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record");
        let mut locked = LockedFile::open(&path, true).unwrap();
        locked.replace(b"mine").unwrap();
        locked.check().unwrap();
        fs::remove_file(&path).unwrap();
        locked.check().unwrap_err();
        // Another process starts over.
        let other = LockedFile::open(&path, true).unwrap();
        locked.check().unwrap_err();
        locked.replace(b"mine").unwrap_err();
        other.check().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file");
    }

    #[test]
    fn only_regular_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |path: &Path, create| LockedFile::open(path, create).unwrap_err().to_string();
        let fifo = dir.path().join("fifo");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(refused(&fifo, true), "the path leads to a FIFO instead of a regular file");
        assert_eq!(
            refused(dir.path(), true),
            "the path leads to a directory instead of a regular file"
        );
        assert_eq!(
            refused(Path::new("/dev/null"), true),
            "the path leads to a device instead of a regular file"
        );
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        assert_eq!(
            refused(&dir.path().join("socket"), true),
            "the path leads to a socket instead of a regular file"
        );
        let link = dir.path().join("link");
        symlink(dir.path().join("nothing"), &link).unwrap();
        assert_eq!(
            refused(&link, true),
            "the path leads to a symbolic link instead of a regular file"
        );
        assert!(!dir.path().join("nothing").exists());
        let error = LockedFile::open(&dir.path().join("nothing"), false).unwrap_err();
        assert!(matches!(error, LockError::Io(error) if error.kind() == ErrorKind::NotFound));
    }

    #[test]
    fn contents_are_replaced_whole_and_for_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record");
        fs::write(&path, "first").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut locked = LockedFile::open(&path, false).unwrap();
        for contents in ["second", "third"] {
            locked.replace(contents.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_was_replaced_before_it_was_locked_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record");
        let mut first = LockedFile::open(&path, true).unwrap();
        let opened = regular::open(&path, &mut options()).unwrap();
        first.replace(b"new").unwrap();
        assert!(LockedFile::lock(opened, &path).unwrap().is_none());
    }

    #[test]
    fn two_that_replace_the_same_file_take_turns() {
        const INCREMENTS: usize = 25;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("count");
        fs::write(&path, "0").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut done = 0;
                    while done < INCREMENTS {
                        let Ok(mut locked) = LockedFile::open(&path, false) else {
                            std::thread::yield_now();
                            continue;
                        };
                        let count: usize =
                            io::read_to_string(locked.file()).unwrap().parse().unwrap();
                        locked.replace((count + 1).to_string().as_bytes()).unwrap();
                        done += 1;
                    }
                });
            }
        });
        assert_eq!(fs::read_to_string(&path).unwrap(), (4 * INCREMENTS).to_string());
    }
}
