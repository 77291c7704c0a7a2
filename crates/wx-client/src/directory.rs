//! Making directories that outlive a crash.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::creation;
use crate::lock::sync_directory;
use crate::regular::parent;
use crate::temp_file::Access;

/// Creates a directory, unless there is one. When this has returned, a new one survives a power
/// failure, and so does what is synced in it.
///
/// # Errors
/// The file system's own; names the directory that it was to be in, if that is to blame. A
/// directory that cannot be synced is removed again.
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
        Err(error) => Err(creation::explain(path, error)),
        Ok(()) => sync_directory(parent(path)).inspect_err(|_| {
            // Otherwise the next call would take it for one that is certain.
            let _ = fs::remove_dir(path);
        }),
    }
}

/// Like [`create`], and creates the directories that lead to it too.
///
/// # Errors
/// As for [`create`].
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
    fn directories_are_made_with_those_that_lead_to_them_once() {
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
