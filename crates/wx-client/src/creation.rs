//! Why a file could not be created.

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
