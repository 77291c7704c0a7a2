//! Explains why a file or directory could not be created.

use std::env;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::regular::parent;

/// Explains why a file or directory at `path` could not be created. The error names the parent
/// directory if that is the cause, but not `path`. It has the kind of the original error.
#[must_use]
pub fn explain(path: &Path, error: io::Error) -> io::Error {
    let (kind, dir) = (error.kind(), parent(path).to_owned());
    let explained = match kind {
        ErrorKind::NotFound => CreationError::NoDirectory(dir),
        ErrorKind::NotADirectory => CreationError::NotADirectory(dir),
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded => CreationError::Unwritable { dir, error },
        _ => return error,
    };
    io::Error::new(kind, explained)
}

/// Explains the error of an unnamed temporary file. The error names the directory of the file.
#[must_use]
pub fn explain_unnamed(error: io::Error) -> io::Error {
    let kind = match error.kind() {
        // This is a limit of the system, not the limit for media.
        ErrorKind::FileTooLarge => ErrorKind::StorageFull,
        kind => kind,
    };
    let reason = error.to_string();
    // Remove the random file name.
    let reason = reason.split(" at path ").next().unwrap_or_default();
    let error = io::Error::new(error.kind(), reason);
    io::Error::new(kind, CreationError::Temporary { dir: env::temp_dir(), error })
}

/// An explained error.
#[derive(Debug)]
enum CreationError {
    NoDirectory(PathBuf),
    NotADirectory(PathBuf),
    Unwritable { dir: PathBuf, error: io::Error },
    Temporary { dir: PathBuf, error: io::Error },
}

impl fmt::Display for CreationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDirectory(dir) => write!(f, "the directory {} does not exist", dir.display()),
            Self::NotADirectory(dir) => write!(f, "{} is not a directory", dir.display()),
            Self::Unwritable { dir, .. } if dir == Path::new(".") => {
                f.write_str("the current directory cannot be written")
            }
            Self::Unwritable { dir, .. } => {
                write!(f, "the directory {} cannot be written", dir.display())
            }
            Self::Temporary { dir, .. } => {
                write!(f, "the temporary file in {} cannot be written", dir.display())
            }
        }
    }
}

impl Error for CreationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoDirectory(_) | Self::NotADirectory(_) => None,
            Self::Unwritable { error, .. } | Self::Temporary { error, .. } => Some(error),
        }
    }
}
