//! Why a file could not be created.

use std::env;
use std::io::{self, ErrorKind};

/// Explains an error of creating a file, where its directory is to blame.
///
/// The kind of the error stays. It is up to the caller to name the file.
#[must_use]
pub fn explain(error: io::Error) -> io::Error {
    let reason = match error.kind() {
        ErrorKind::NotFound => "its directory does not exist".to_owned(),
        ErrorKind::NotADirectory => "its path leads through a file".to_owned(),
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded => format!("its directory cannot be written: {error}"),
        _ => return error,
    };
    io::Error::new(error.kind(), reason)
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
    io::Error::new(kind, format!("temporary file in {}: {reason}", env::temp_dir().display()))
}
