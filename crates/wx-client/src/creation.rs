//! Why a file could not be created.

use std::env;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// Explains an error of creating a file, where its directory is to blame.
///
/// The kind of the error stays. It is up to the caller to name the file.
#[must_use]
pub fn explain(error: io::Error) -> io::Error {
    let kind = error.kind();
    let explained = match kind {
        ErrorKind::NotFound => CreationError::NoDirectory,
        ErrorKind::NotADirectory => CreationError::ThroughFile,
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded => CreationError::Unwritable(error),
        _ => return error,
    };
    io::Error::new(kind, explained)
}

/// Explains an error of a temporary file without a name, by the directory that it is in: the
/// system's own for such files.
#[must_use]
pub fn explain_unnamed(error: io::Error) -> io::Error {
    let kind = match error.kind() {
        // It is the system's limit, and not one for pictures.
        ErrorKind::FileTooLarge => ErrorKind::StorageFull,
        kind => kind,
    };
    let reason = error.to_string();
    // A random name says nothing.
    let reason = reason.split(" at path ").next().unwrap_or_default();
    let error = io::Error::new(error.kind(), reason);
    io::Error::new(kind, CreationError::Temporary { dir: env::temp_dir(), error })
}

/// What an explained error says.
#[derive(Debug)]
enum CreationError {
    NoDirectory,
    ThroughFile,
    Unwritable(io::Error),
    Temporary { dir: PathBuf, error: io::Error },
}

impl fmt::Display for CreationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDirectory => f.write_str("the directory of the file does not exist"),
            Self::ThroughFile => f.write_str("the path leads through a file"),
            Self::Unwritable(_) => f.write_str("the directory of the file cannot be written"),
            Self::Temporary { dir, .. } => {
                write!(f, "the temporary file in {} cannot be written", dir.display())
            }
        }
    }
}

impl Error for CreationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoDirectory | Self::ThroughFile => None,
            Self::Unwritable(error) | Self::Temporary { error, .. } => Some(error),
        }
    }
}
