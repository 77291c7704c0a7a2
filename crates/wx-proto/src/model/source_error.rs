//! How a caller's own file or writer failed.

use std::fmt;
use std::io;

use super::advice::Advice;

/// The caller's own file or writer failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    kind: io::ErrorKind,
    message: String,
    advice: Advice,
}

impl SourceError {
    /// An error of a kind, told in one line.
    pub fn new(kind: io::ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), advice: Advice::CheckFile }
    }

    /// Sets what to do about it; the default is [`Advice::CheckFile`].
    #[must_use]
    pub fn with_advice(self, advice: Advice) -> Self {
        Self { advice, ..self }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Advice {
        self.advice
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.kind
    }
}

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SourceError {}
