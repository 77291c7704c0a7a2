//! Opens regular files, and rejects everything else.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Returns the directory of `path`.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the path of the file that `path` leads to through symbolic links.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    if !path.is_symlink() {
        return Ok(path.to_owned());
    }
    fs::canonicalize(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => io::Error::new(
            ErrorKind::InvalidInput,
            "the path is a symbolic link to a file that does not exist",
        ),
        _ => error,
    })
}

/// Opens a regular file with these options. Does not follow links, and does not block.
pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // Check this first, because opening a device or a FIFO can have side effects.
    match fs::symlink_metadata(path) {
        Ok(found) => check_kind(&found)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path).map_err(|error| {
        // The system's error does not say that the path is now a link.
        match fs::symlink_metadata(path) {
            Ok(found) => check_kind(&found).err().unwrap_or(error),
            Err(_) => error,
        }
    })?;
    check_kind(&file.metadata()?)?;
    Ok(file)
}

/// Locks a file unless it is already locked.
#[cfg(unix)]
pub(crate) fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

/// Does nothing. On Windows, a lock would prevent reading, so share modes are used instead.
#[cfg(not(unix))]
pub(crate) fn try_lock(_: &File) -> Result<(), TryLockError> {
    Ok(())
}

/// Returns an error unless this is a regular file.
pub(crate) fn check_kind(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(());
    }
    let (error, name) = if kind.is_dir() {
        (ErrorKind::IsADirectory, "a directory")
    } else if kind.is_symlink() {
        (ErrorKind::InvalidInput, "a symbolic link")
    } else {
        (ErrorKind::InvalidInput, type_name(kind))
    };
    Err(io::Error::new(error, format!("the path leads to {name} instead of a regular file")))
}

#[cfg(unix)]
fn type_name(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn type_name(_: fs::FileType) -> &'static str {
    "something else"
}

/// Identifies a file by its device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    inode: u64,
}

impl FileId {
    #[cfg(unix)]
    pub(crate) fn from_metadata(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    #[cfg(not(unix))]
    pub(crate) fn from_metadata(_: &Metadata) -> Self {
        Self {}
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn inode(self) -> u64 {
        self.inode
    }

    /// Returns whether `path` leads to this file directly, not through a symbolic link.
    pub(crate) fn is_at(self, path: &Path) -> io::Result<bool> {
        match fs::symlink_metadata(path) {
            Ok(found) => Ok(Self::from_metadata(&found) == self),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}
