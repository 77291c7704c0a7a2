//! Errors of jobs as errors of readers.

use std::io;

use crate::model::error::Error;

/// Wraps the error, for readers of media. [`io::Error::downcast`] returns it.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}
