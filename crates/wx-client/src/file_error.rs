//! Errors of files that could not be read.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why a file could not be read, with its path. Sources wrap it in an [`io::Error`].
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
    error: io::Error,
}

impl FileError {
    /// Adds the path to an error, and replaces the system's text of common errors.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, error: io::Error) -> Self {
        let error = match error.kind() {
            // The error is not from the system.
            _ if error.raw_os_error().is_none() => error,
            ErrorKind::NotFound => io::Error::new(error.kind(), "there is no such file"),
            ErrorKind::PermissionDenied => {
                io::Error::new(error.kind(), "there is no permission to read the file")
            }
            _ => error,
        };
        Self { path: path.into(), error }
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the underlying error, without the path.
    #[must_use]
    pub fn into_reason(self) -> io::Error {
        self.error
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the file {} could not be read", self.path.display())
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// Keeps the kind of the error.
impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        Self::new(error.error.kind(), error)
    }
}
