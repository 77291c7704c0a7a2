//! Creates directories that survive a power failure.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::creation;
use crate::lock::sync_directory;
use crate::regular::parent;
use crate::temp_file::Access;

/// Creates a directory durably, if it does not exist. After this, the directory survives a power
/// failure, and so do files in it that are synced.
///
/// # Errors
/// The error of the file system, which names the parent directory if that is the cause. A directory
/// that cannot be synced is removed again.
pub fn create(path: &Path, access: Access) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    if access == Access::Private {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    #[cfg(not(unix))]
    let _ = access;
    match builder.create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(io::Error::new(ErrorKind::NotADirectory, "is not a directory"))
        }
        Err(error) => Err(creation::explain(path, error)),
        Ok(()) => sync_directory(parent(path)).inspect_err(|_| {
            // The next call would otherwise find the directory and assume that it was synced.
            let _ = fs::remove_dir(path);
        }),
    }
}

/// Like [`create`], and also creates missing parent directories.
///
/// # Errors
/// Like [`create`].
pub fn create_all(path: &Path, access: Access) -> io::Result<()> {
    match create(path, access) {
        Err(error) if error.kind() == ErrorKind::NotFound && parent(path) != path => {
            create_all(parent(path), access)?;
            create(path, access)
        }
        result => result,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn parent_directories_are_created_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/wx");
        assert_eq!(create(&path, Access::Private).unwrap_err().kind(), ErrorKind::NotFound);
        for _ in 0..2 {
            create_all(&path, Access::Private).unwrap();
        }
        for made in [parent(&path), &path] {
            assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
        }
        fs::write(path.join("file"), "").unwrap();
        for path in [path.join("file"), path.join("file/below")] {
            create_all(&path, Access::Private).unwrap_err();
        }
        create_all(Path::new(""), Access::Private).unwrap_err();
        create_all(Path::new("."), Access::Private).unwrap();
    }
}
