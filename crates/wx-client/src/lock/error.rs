use std::fmt;
use std::io::{self, ErrorKind};

use super::Holder;

/// Why a file or directory could not be locked.
#[derive(Debug)]
#[non_exhaustive]
pub enum LockError {
    /// The path is in use, by this holder if it is known.
    Busy(Option<Holder>),
    /// The file or directory could not be opened or locked.
    Io(io::Error),
}

impl LockError {
    pub(super) fn from_open(error: io::Error) -> Self {
        // ERROR_SHARING_VIOLATION.
        if cfg!(windows) && error.raw_os_error() == Some(32) {
            Self::Busy(None)
        } else {
            Self::Io(error)
        }
    }
}

/// [`Self::Io`] displays the inner error and has its source.
impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(Some(holder)) => write!(f, "the path is in use by {holder}"),
            Self::Busy(None) => f.write_str("the path is in use by another process"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LockError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Busy(_) => None,
            Self::Io(error) => error.source(),
        }
    }
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<LockError> for io::Error {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Busy(_) => Self::new(ErrorKind::ResourceBusy, error),
            LockError::Io(error) => error,
        }
    }
}
