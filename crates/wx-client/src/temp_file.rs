//! Temporary files, which the next process removes if this one is killed.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::creation;
use crate::regular::{FileId, parent, try_lock};

mod sweep;

pub use sweep::sweep;

/// What the names of temporary files begin with.
const PREFIX: &str = ".wx-";
/// What they end with.
const SUFFIX: &str = ".tmp";
/// How many random letters and digits are in between.
const RANDOM: usize = 12;
/// A sweep of another process may remove a file between its creation and its lock.
const TRIES: usize = 16;

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone (0600).
    Private,
    /// Those who may read the file that it replaces. Without one, the umask decides, as for any new
    /// file.
    Inherited,
}

/// A temporary file in the directory of its target, so that it can be renamed into place.
///
/// It is removed when the value is dropped, and locked until then. What a killed process leaves is
/// not locked: [`sweep`] removes it.
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
    /// `target` is a directory, or no file can be created beside it.
    pub fn beside(target: &Path, access: Access) -> io::Result<Self> {
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

    /// Syncs the file and renames it over its target. It is still open, and locked until it is
    /// closed.
    ///
    /// # Errors
    /// The file system's own; the target is unchanged in that case.
    pub fn persist(self) -> io::Result<File> {
        self.file.sync_all()?;
        fs::rename(&self.name.path, &self.target)?;
        Ok(self.file)
    }
}

/// A temporary directory beside a target. It is removed with everything in it when the value is
/// dropped; what a killed process leaves is removed by [`sweep`].
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
    /// The file system's own.
    pub fn within(dir: &Path) -> io::Result<Self> {
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
        // Directories cannot be opened as files, and nothing is swept.
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

/// Makes something under a new name in `dir`. The name means nothing to anybody, so it is not in
/// the errors either.
fn make_in<T>(dir: &Path, make: impl FnMut(&Path) -> io::Result<T>) -> io::Result<(T, PathBuf)> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX).rand_bytes(RANDOM);
    let (made, path) = builder.make_in(dir, make)?.into_parts();
    // From here on, `Name` removes it.
    Ok((made, path.keep().map_err(|error| error.error)?))
}

/// Creates something under a temporary name and locks it.
fn create(make: impl Fn() -> io::Result<(File, PathBuf)>) -> io::Result<(File, Name)> {
    for _ in 0..TRIES {
        // Held meanwhile, so that `remove_before_exit` finds it.
        let mut live = live();
        let (file, path) = make()?;
        let id = FileId::from_metadata(&file.metadata()?);
        let name = Name::register(&mut live, path, id);
        drop(live);
        match try_lock(&file) {
            Ok(()) if id.is_at(&name.path)? => return Ok((file, name)),
            // A sweep has it.
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // A file system without locks: a sweep cannot take one either, so it leaves the file
            // alone.
            Err(TryLockError::Error(_)) => return Ok((file, name)),
        }
    }
    Err(io::Error::new(
        ErrorKind::ResourceBusy,
        "another process keeps removing its temporary files",
    ))
}

/// A name in use, for one file, or for one directory with everything that is in it.
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

/// Removes what is under a temporary name, or an empty file under any, unless it is another than it
/// was.
fn remove(path: &Path, id: FileId) {
    let is_temporary = path.file_name().is_some_and(sweep::is_temporary);
    // Nothing can be done about errors here. After a rename there is nothing to remove.
    let _ = match fs::symlink_metadata(path) {
        Ok(found) if FileId::from_metadata(&found) != id => Ok(()),
        Ok(found) if found.is_dir() && is_temporary => fs::remove_dir_all(path),
        Ok(found) if is_temporary || (found.is_file() && found.len() == 0) => fs::remove_file(path),
        _ => Ok(()),
    };
}

/// A file that was created empty to be locked. It is removed when the value is dropped, if it still
/// is empty.
#[derive(Debug)]
pub(crate) struct Placeholder(Name);

impl Placeholder {
    pub(crate) fn new(path: PathBuf, file: &File) -> io::Result<Self> {
        let id = FileId::from_metadata(&file.metadata()?);
        Ok(Self(Name::register(&mut live(), path, id)))
    }

    /// Leaves the name alone from here on: something else is there. The number of a file that is
    /// gone may be given to another.
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

/// Removes all temporary files of this process, for one that is about to exit without dropping
/// them.
///
/// Afterwards, every thread that would create another one blocks for ever.
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
            let file = TempFile::beside(&target, access).unwrap();
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
            let error = TempFile::beside(&dir.path().join(target), Access::Private).unwrap_err();
            assert_eq!(error.to_string(), words);
        }
        let error = TempDir::within(&dir.path().join("none")).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::NOENT.raw_os_error()), "{error}");
    }

    #[test]
    fn what_is_dropped_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let file = TempFile::beside(&dir.path().join("picture.jpg"), Access::Private).unwrap();
        let scratch = TempDir::within(dir.path()).unwrap();
        fs::write(scratch.path().join("picture"), "half").unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        drop((file, scratch));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_has_taken_the_place_of_something_of_ours_stays() {
        let dir = tempfile::tempdir().unwrap();
        let file = TempFile::beside(&dir.path().join("picture.jpg"), Access::Private).unwrap();
        let scratch = TempDir::within(dir.path()).unwrap();
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
        // What is ours goes if it is empty still.
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
