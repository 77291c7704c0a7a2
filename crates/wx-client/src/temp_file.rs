//! Temporary files and directories. After a process was killed, the next one removes them.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::creation;
use crate::regular::{FileId, parent, try_lock};

mod sweep;

pub use sweep::sweep;

/// The prefix of the names of temporary files.
const PREFIX: &str = ".wx-";
/// The suffix of the names of temporary files.
const SUFFIX: &str = ".tmp";
/// The number of random letters and digits between them.
const RANDOM: usize = 12;
/// The number of tries to create a file, which another process may sweep before it is locked.
const TRIES: usize = 16;

/// The permissions of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only the owner can read the file (0600).
    Private,
    /// The permissions of the file that it replaces. If there is none, the umask determines them.
    Inherited,
}

/// A temporary file in the directory of its target, so that it can be renamed into place.
///
/// It is locked until the value is dropped, and then removed. The files of killed processes are no
/// longer locked; [`sweep()`] removes them.
#[derive(Debug)]
pub struct TempFile {
    file: File,
    name: Name,
    target: PathBuf,
}

impl TempFile {
    /// Creates an empty file in the directory of `target`.
    ///
    /// # Errors
    /// If `target` is a directory, or if no file can be created in the directory of `target`.
    pub fn for_target(target: &Path, access: Access) -> io::Result<Self> {
        if target.is_dir() {
            return Err(io::Error::new(
                ErrorKind::IsADirectory,
                "the path leads to a directory instead of a file",
            ));
        }
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        if access == Access::Private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        let (file, name) = create(|| {
            make_in(parent(target), |path| options.open(path))
                .map_err(|error| creation::explain(target, error))
        })?;
        #[cfg(unix)]
        if access == Access::Inherited
            && let Ok(replaced) = fs::metadata(target)
            && replaced.is_file()
        {
            file.set_permissions(replaced.permissions())?;
        }
        Ok(Self { file, name, target: target.to_owned() })
    }

    /// Returns the file, open for reading and writing.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Returns the path of the temporary file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.name.path
    }

    /// Syncs the file and renames it over its target. Returns the open file, which stays locked
    /// until it is closed.
    ///
    /// # Errors
    /// The error of the file system; the target is unchanged in that case.
    pub fn persist(self) -> io::Result<File> {
        self.file.sync_all()?;
        fs::rename(&self.name.path, &self.target)?;
        Ok(self.file)
    }
}

/// A temporary directory. It is removed with its contents when the value is dropped. [`sweep()`]
/// removes the directories of killed processes.
#[derive(Debug)]
pub struct TempDir {
    /// Holds the lock.
    _file: Option<File>,
    name: Name,
}

impl TempDir {
    /// Creates an empty directory (0700) in `dir`.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn new_in(dir: &Path) -> io::Result<Self> {
        let make = || -> io::Result<PathBuf> {
            let mut builder = fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            Ok(make_in(dir, |path| builder.create(path))?.1)
        };
        #[cfg(unix)]
        {
            let (file, name) = create(|| {
                let path = make()?;
                Ok((File::open(&path)?, path))
            })?;
            Ok(Self { _file: Some(file), name })
        }
        // Directories cannot be opened and locked here. Nothing is swept either.
        #[cfg(not(unix))]
        {
            let mut live = live();
            let path = make()?;
            let id = FileId::from_metadata(&fs::metadata(&path)?);
            Ok(Self { _file: None, name: Name::register(&mut live, path, id) })
        }
    }

    /// Returns the path of the directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.name.path
    }
}

/// Calls `make` with a random path in `dir`. Errors do not contain the path.
fn make_in<T>(dir: &Path, make: impl FnMut(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM);
    let (made, path) = builder.make_in(dir, make)?.into_parts();
    // `Name` removes it from now on.
    Ok((made, path.keep().map_err(|error| error.error)?))
}

/// Creates something under a temporary name and locks it.
fn create(make: impl Fn() -> io::Result<(File, PathBuf)>) -> io::Result<(File, Name)> {
    for _ in 0..TRIES {
        // Hold this lock until the name is registered, so that `remove_before_exit` finds it.
        let mut live = live();
        let (file, path) = make()?;
        let id = FileId::from_metadata(&file.metadata()?);
        let name = Name::register(&mut live, path, id);
        drop(live);
        match try_lock(&file) {
            Ok(()) if id.is_at(&name.path)? => return Ok((file, name)),
            // Another process is sweeping it.
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // The file system has no locks. Nothing is swept there.
            Err(TryLockError::Error(_)) => return Ok((file, name)),
        }
    }
    Err(io::Error::new(
        ErrorKind::ResourceBusy,
        "another process keeps removing its temporary files",
    ))
}

/// The registered path of a file or directory, which is removed when this is dropped.
#[derive(Debug)]
struct Name {
    path: PathBuf,
    id: FileId,
}

impl Name {
    fn register(live: &mut Vec<(PathBuf, FileId)>, path: PathBuf, id: FileId) -> Self {
        live.push((path.clone(), id));
        Self { path, id }
    }

    fn forget(&self) {
        live().retain(|(path, id)| (path, *id) != (&self.path, self.id));
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        remove(&self.path, self.id);
        self.forget();
    }
}

/// Removes the file or directory `id` at `path`, if its name is temporary or it is an empty file.
fn remove(path: &Path, id: FileId) {
    let is_temporary = path.file_name().is_some_and(sweep::is_temporary);
    // Ignore errors: they cannot be handled here, and after a rename there is nothing to remove.
    let _ = match fs::symlink_metadata(path) {
        Ok(found) if FileId::from_metadata(&found) != id => Ok(()),
        Ok(found) if found.is_dir() && is_temporary => fs::remove_dir_all(path),
        Ok(found) if is_temporary || (found.is_file() && found.len() == 0) => fs::remove_file(path),
        _ => Ok(()),
    };
}

/// An empty file that was created to be locked. It is removed when the value is dropped, if it is
/// still empty.
#[derive(Debug)]
pub(crate) struct Placeholder(Name);

impl Placeholder {
    pub(crate) fn new(path: PathBuf, file: &File) -> io::Result<Self> {
        let id = FileId::from_metadata(&file.metadata()?);
        Ok(Self(Name::register(&mut live(), path, id)))
    }

    /// Stops tracking the path, because another file is there. It may even have the same inode.
    pub(crate) fn leave(mut self) {
        self.0.forget();
        self.0.path = PathBuf::new();
    }
}

/// The temporary files and directories of this process.
static LIVE: Mutex<Vec<(PathBuf, FileId)>> = Mutex::new(Vec::new());

fn live() -> MutexGuard<'static, Vec<(PathBuf, FileId)>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes all temporary files of this process, before it exits without dropping them.
///
/// After that, every thread that tries to create another one blocks forever.
pub fn remove_before_exit() {
    let live = live();
    live.iter().for_each(|(path, id)| remove(path, *id));
    std::mem::forget(live);
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_replaced_file_keeps_its_mode_unless_the_new_one_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("picture.jpg");
        fs::write(&target, "old").unwrap();
        for (access, mode) in [(Access::Inherited, 0o604), (Access::Private, 0o600)] {
            fs::set_permissions(&target, fs::Permissions::from_mode(0o604)).unwrap();
            let file = TempFile::for_target(&target, access).unwrap();
            file.file().write_all(b"new").unwrap();
            file.persist().unwrap();
            assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, mode);
            assert_eq!(fs::read(&target).unwrap(), b"new");
        }
    }

    #[test]
    fn an_error_is_about_the_directory_and_names_no_temporary_file() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let named = dir.path().display();
        for (target, words) in [
            ("none/picture.jpg", format!("the directory {named}/none does not exist")),
            ("none/below/picture.jpg", format!("the directory {named}/none/below does not exist")),
            ("file/picture.jpg", format!("{named}/file is not a directory")),
        ] {
            let error =
                TempFile::for_target(&dir.path().join(target), Access::Private).unwrap_err();
            assert_eq!(error.to_string(), words);
        }
        let error = TempDir::new_in(&dir.path().join("none")).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::NOENT.raw_os_error()), "{error}");
    }

    #[test]
    fn dropped_files_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let file = TempFile::for_target(&dir.path().join("picture.jpg"), Access::Private).unwrap();
        let scratch = TempDir::new_in(dir.path()).unwrap();
        fs::write(scratch.path().join("image"), "half").unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        drop((file, scratch));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn files_that_have_replaced_ours_stay() {
        let dir = tempfile::tempdir().unwrap();
        let file = TempFile::for_target(&dir.path().join("picture.jpg"), Access::Private).unwrap();
        let scratch = TempDir::new_in(dir.path()).unwrap();
        let empty = dir.path().join("session.json");
        let made = File::create(&empty).unwrap();
        let placeholder = Placeholder::new(empty.clone(), &made).unwrap();
        let paths = [file.path().to_owned(), scratch.path().to_owned(), empty];
        for path in &paths {
            let other = path.with_extension("other");
            if path.is_dir() {
                fs::create_dir(&other).unwrap()
            } else {
                fs::write(&other, "").unwrap()
            }
            fs::rename(path, path.with_extension("ours")).unwrap();
            fs::rename(&other, path).unwrap();
        }
        drop((file, scratch, placeholder));
        assert!(paths.iter().all(|path| path.exists()));
        // Our own is removed if it is still empty.
        let placeholder =
            Placeholder::new(paths[2].clone(), &File::open(&paths[2]).unwrap()).unwrap();
        fs::write(&paths[2], "a session").unwrap();
        drop(placeholder);
        assert!(paths[2].exists());
        fs::write(&paths[2], "").unwrap();
        drop(Placeholder::new(paths[2].clone(), &File::open(&paths[2]).unwrap()).unwrap());
        assert!(!paths[2].exists());
    }
}
