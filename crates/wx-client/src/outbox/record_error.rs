//! Why an outbox can no longer be used.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The error of an unusable record, which every later call returns again.
#[derive(Clone, Debug)]
pub(super) enum RecordError {
    Unwritable { path: Option<PathBuf>, error: Arc<io::Error> },
    Removed,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unwritable { path: Some(path), .. } => {
                write!(f, "the outbox could not write its record {}", path.display())
            }
            Self::Unwritable { path: None, .. } => {
                f.write_str("the outbox could not write its record")
            }
            Self::Removed => f.write_str("the outbox was removed"),
        }
    }
}

impl Error for RecordError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unwritable { error, .. } => Some(error),
            Self::Removed => None,
        }
    }
}

impl From<RecordError> for io::Error {
    fn from(error: RecordError) -> Self {
        let kind = match &error {
            RecordError::Unwritable { error, .. } => error.kind(),
            RecordError::Removed => io::ErrorKind::NotFound,
        };
        Self::new(kind, error)
    }
}
