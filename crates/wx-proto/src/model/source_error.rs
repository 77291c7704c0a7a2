//! The error of a caller's source or sink.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::advice::Advice;

/// The error of a caller's source or sink: an [`io::Error`] that can be cloned.
///
/// It has the `Display` and the source of the I/O error. Two errors are equal if their kinds, texts
/// and advices are equal.
#[derive(Clone, Debug)]
pub struct SourceError {
    error: Arc<io::Error>,
    advice: Advice,
}

impl SourceError {
    /// Creates an error from one line of text.
    pub fn new(kind: io::ErrorKind, message: impl Into<String>) -> Self {
        io::Error::new(kind, message.into()).into()
    }

    /// Sets the advice. The default is [`Advice::CheckFile`].
    #[must_use]
    pub fn with_advice(self, advice: Advice) -> Self {
        Self { advice, ..self }
    }

    /// Returns the advice.
    #[must_use]
    pub fn advice(&self) -> Advice {
        self.advice
    }

    /// Returns the kind of the I/O error.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.error.kind()
    }

    /// Returns the I/O error, including its OS error code or the error that it wraps.
    #[must_use]
    pub fn io_error(&self) -> &io::Error {
        &self.error
    }
}

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> Self {
        Self { error: Arc::new(error), advice: Advice::CheckFile }
    }
}

impl PartialEq for SourceError {
    fn eq(&self, other: &Self) -> bool {
        let parts = |error: &Self| (error.kind(), error.advice, error.to_string());
        parts(self) == parts(other)
    }
}

impl Eq for SourceError {}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for SourceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}
