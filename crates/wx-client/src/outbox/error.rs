use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use wx_proto::{Advice, Error, SourceError};

use crate::lock::LockError;

/// Why an outbox does not do what it was asked to, and where.
#[derive(Debug)]
pub struct OutboxError {
    path: Option<PathBuf>,
    kind: OutboxErrorKind,
}

impl OutboxError {
    /// The directory or the record that it is about, if it could not be opened.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns what went wrong.
    #[must_use]
    pub fn kind(&self) -> &OutboxErrorKind {
        &self.kind
    }

    /// Like [`kind`](Self::kind), by value.
    #[must_use]
    pub fn into_kind(self) -> OutboxErrorKind {
        self.kind
    }

    pub(super) fn at<E: Into<Self>>(path: &Path) -> impl FnOnce(E) -> Self {
        move |error| Self { path: Some(path.to_owned()), ..error.into() }
    }
}

/// What went wrong with an outbox.
#[derive(Debug)]
#[non_exhaustive]
pub enum OutboxErrorKind {
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

impl fmt::Display for OutboxErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(error) => error.fmt(f),
            Self::NotAnOutbox { line } => {
                write!(f, "line {line} is not of an outbox; choose another directory")
            }
            Self::Version(version) => {
                write!(f, "the outbox has version {version}, only version 1 is known")
            }
            Self::KnownKey(key) => {
                write!(f, "the key {key:?} belongs to another message; nothing was sent")
            }
            Self::Active(key) => write!(f, "the message {key:?} is being sent right now"),
            Self::GivenUp(key) => write!(f, "the message {key:?} was given up"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for OutboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}: {}", path.display(), self.kind),
            None => self.kind.fmt(f),
        }
    }
}

/// What `Display` says already is no source.
impl std::error::Error for OutboxError {}

impl From<OutboxErrorKind> for OutboxError {
    fn from(kind: OutboxErrorKind) -> Self {
        Self { path: None, kind }
    }
}

impl From<io::Error> for OutboxError {
    fn from(error: io::Error) -> Self {
        OutboxErrorKind::Io(error).into()
    }
}

impl From<LockError> for OutboxError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Io(error) => error.into(),
            busy => OutboxErrorKind::Busy(busy).into(),
        }
    }
}

impl From<OutboxError> for Error {
    fn from(error: OutboxError) -> Self {
        let (kind, advice) = match error.kind() {
            OutboxErrorKind::Io(error) => (error.kind(), Advice::CheckFile),
            OutboxErrorKind::KnownKey(_) => (ErrorKind::InvalidInput, Advice::CheckKey),
            _ => (ErrorKind::Other, Advice::CheckFile),
        };
        SourceError::new(kind, error.to_string()).with_advice(advice).into()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use wx_proto::Recipient;

    use crate::outbox::Outbox;

    #[test]
    fn what_cannot_be_opened_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "").unwrap();
        for (name, text) in [("other", "[]\n"), ("later", LATER)] {
            fs::create_dir(at(name)).unwrap();
            fs::write(at(name).join(Outbox::FILE), text).unwrap();
        }
        fs::create_dir_all(at("odd").join(Outbox::FILE)).unwrap();
        let _open = Outbox::open(at("busy")).unwrap();
        for (opened, named, words) in [
            ("none/below", "none/below", "No such file or directory"),
            ("file", "file", "File exists"),
            ("file/below", "file/below", "Not a directory"),
            ("busy", "busy/outbox.jsonl", "in use by "),
            ("odd", "odd/outbox.jsonl", "is a directory, not a regular file"),
            ("other", "other/outbox.jsonl", "line 1 is not of an outbox"),
            ("later", "later/outbox.jsonl", "the outbox has version 2"),
        ] {
            let error = Outbox::open(at(opened)).unwrap_err();
            assert_eq!(error.path(), Some(&*at(named)), "{error}");
            let text = error.to_string();
            assert!(text.starts_with(&format!("{}: {words}", at(named).display())), "{text}");
        }
    }

    const LATER: &str = "{\"outbox\":{\"version\":2,\"key\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}\n";

    #[test]
    fn a_record_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(dir.path()).unwrap();
        let record = dir.path().join(Outbox::FILE);
        fs::remove_file(&record).unwrap();
        let plan = |key: &str| {
            let message = (key.to_owned(), Recipient::new("@0a").unwrap(), "picture".to_owned());
            outbox.plan(serde_json::Value::Null, [message]).unwrap_err().to_string()
        };
        let words = format!("the outbox could not write its record {}: ", record.display());
        for text in [plan("first"), plan("second")] {
            assert!(text.starts_with(&words), "{text}");
        }
    }
}
