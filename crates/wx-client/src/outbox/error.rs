use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use wx_proto::{Advice, SourceError};

use super::used_key::UsedKey;
use crate::lock::LockError;

/// The error of an outbox, with the path if it could not be opened.
#[derive(Debug)]
pub struct OutboxError {
    path: Option<PathBuf>,
    kind: OutboxErrorKind,
}

impl OutboxError {
    /// Returns the path of the directory or record that could not be opened.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> &OutboxErrorKind {
        &self.kind
    }

    /// Converts this into its kind.
    #[must_use]
    pub fn into_kind(self) -> OutboxErrorKind {
        self.kind
    }

    pub(super) fn at<E: Into<Self>>(path: &Path) -> impl FnOnce(E) -> Self {
        move |error| Self { path: Some(path.to_owned()), ..error.into() }
    }
}

/// The kind of an [`OutboxError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum OutboxErrorKind {
    /// The outbox is already open in another process or in this one.
    Busy(LockError),
    /// The file is not the record of an outbox.
    NotAnOutbox {
        /// The number of the first invalid line, from 1.
        line: usize,
    },
    /// The record was written by a later version of this crate.
    Version(u32),
    /// The key is empty, so it identifies no message.
    EmptyKey,
    /// The key was already used for another message.
    KnownKey(String),
    /// The upload of the message was begun with other media.
    OtherMedia(String),
    /// The message was sent with other media, or such an upload is finished.
    UsedKey(Box<UsedKey>),
    /// The message is being sent right now.
    Active(String),
    /// The job of another message is uploading the same media right now.
    Uploading(String),
    /// The message was given up. It may have been delivered, and is not sent again.
    GivenUp(String),
    /// The record cannot be read or written.
    Io(io::Error),
}

/// A kind that wraps an error has that error's text and source.
impl fmt::Display for OutboxErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(error) => error.fmt(f),
            Self::NotAnOutbox { line } => {
                write!(f, "line {line} is not an entry of an outbox; choose another directory")
            }
            Self::Version(version) => {
                write!(f, "the outbox has version {version}; only version 1 is supported")
            }
            Self::EmptyKey => f.write_str("the key of a message is empty; nothing was sent"),
            Self::KnownKey(key) => {
                write!(f, "the key {key:?} belongs to another message; nothing was sent")
            }
            Self::OtherMedia(key) => write!(
                f,
                "the message {key:?} was begun with another file; send that file, or use a new key"
            ),
            Self::UsedKey(conflict) => conflict.fmt(f),
            Self::Active(key) => write!(f, "the message {key:?} is being sent right now"),
            Self::Uploading(key) => write!(
                f,
                "the file of the message {key:?} is being uploaded for another message right now"
            ),
            Self::GivenUp(key) => write!(f, "the message {key:?} was given up"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for OutboxErrorKind {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Busy(error) => error.source(),
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl fmt::Display for OutboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "the outbox {} cannot be opened", path.display()),
            None => self.kind.fmt(f),
        }
    }
}

impl Error for OutboxError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            kind if self.path.is_none() => kind.source(),
            OutboxErrorKind::Busy(error) => Some(error),
            OutboxErrorKind::Io(error) => Some(error),
            kind => Some(kind),
        }
    }
}

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

impl From<OutboxError> for SourceError {
    fn from(error: OutboxError) -> Self {
        let (kind, advice) = match error.kind() {
            OutboxErrorKind::Io(error) => (error.kind(), Advice::CheckFile),
            OutboxErrorKind::EmptyKey
            | OutboxErrorKind::KnownKey(_)
            | OutboxErrorKind::OtherMedia(_)
            | OutboxErrorKind::UsedKey(_) => (ErrorKind::InvalidInput, Advice::CheckKey),
            OutboxErrorKind::Active(_) | OutboxErrorKind::Uploading(_) => {
                (ErrorKind::ResourceBusy, Advice::RetryLater)
            }
            _ => (ErrorKind::Other, Advice::CheckFile),
        };
        Self::from(io::Error::new(kind, error)).with_advice(advice)
    }
}

impl From<OutboxError> for wx_proto::Error {
    fn from(error: OutboxError) -> Self {
        SourceError::from(error).into()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use wx_proto::{ErrorChain, Recipient};

    use crate::outbox::Outbox;

    #[test]
    fn an_outbox_that_cannot_be_opened_is_named() {
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
            ("none/below", "none/below", "/none does not exist"),
            ("file", "file", "is not a directory"),
            ("file/below", "file/below", "/file is not a directory"),
            ("busy", "busy/outbox.jsonl", "in use by "),
            ("odd", "odd/outbox.jsonl", "a directory instead of a regular file"),
            ("other", "other/outbox.jsonl", "line 1 is not an entry of an outbox"),
            ("later", "later/outbox.jsonl", "the outbox has version 2"),
        ] {
            let error = Outbox::open(at(opened)).unwrap_err();
            assert_eq!(error.path(), Some(&*at(named)), "{error}");
            let text = ErrorChain(&error).to_string();
            let named = format!("the outbox {} cannot be opened: ", at(named).display());
            assert!(text.starts_with(&named) && text[named.len()..].contains(words), "{text}");
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
            let message = (key.to_owned(), Recipient::new("@0a").unwrap(), "image".to_owned());
            ErrorChain(&outbox.plan(serde_json::Value::Null, [message]).unwrap_err()).to_string()
        };
        let words = format!("the outbox could not write its record {}: ", record.display());
        for text in [plan("first"), plan("second")] {
            assert!(text.starts_with(&words), "{text}");
        }
    }
}
