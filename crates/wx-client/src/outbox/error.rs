use std::fmt;
use std::io;

use crate::lock::LockError;

/// Why an outbox does not do what it was asked to.
#[derive(Debug)]
#[non_exhaustive]
pub enum OutboxError {
    /// Another process has it open, or this one already has.
    Busy(LockError),
    /// There is something that is no record of an outbox.
    NotAnOutbox {
        /// The line that cannot be understood, counted from 1.
        line: usize,
    },
    /// It was written by a later version of this crate.
    Version(u32),
    /// The key belongs to another message.
    KnownKey(String),
    /// The message is being sent right now.
    Active(String),
    /// The message was given up: whether it was delivered is unknown, and it is not sent again.
    GivenUp(String),
    /// The record cannot be read or written.
    Io(io::Error),
}

impl fmt::Display for OutboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(error) => error.fmt(f),
            Self::NotAnOutbox { line } => {
                write!(f, "line {line} is not of an outbox; choose another directory")
            }
            Self::Version(version) => {
                write!(f, "the outbox has version {version}, only version 1 is known")
            }
            Self::KnownKey(key) => write!(f, "the key {key:?} belongs to another message"),
            Self::Active(key) => write!(f, "the message {key:?} is being sent right now"),
            Self::GivenUp(key) => write!(f, "the message {key:?} was given up"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

/// What `Display` says already is no source.
impl std::error::Error for OutboxError {}

impl From<io::Error> for OutboxError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<LockError> for OutboxError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Io(error) => Self::Io(error),
            busy => Self::Busy(busy),
        }
    }
}
