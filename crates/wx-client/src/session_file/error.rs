use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use wx_proto::{Advice, HostError, SessionError};

use super::LIMIT;
use crate::lock::{Holder, LockError};

/// The error of a session file. It shows the path, but not the contents.
#[derive(Debug)]
pub struct SessionFileError {
    path: PathBuf,
    kind: SessionFileErrorKind,
}

/// The kinds of [`SessionFileError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionFileErrorKind {
    /// The file does not exist.
    NotFound,
    /// The file is empty: its login was ended or never saved.
    NoLogin,
    /// Another process has locked the file.
    Busy(Option<Holder>),
    /// The file is larger than 4 MiB.
    TooLarge,
    /// The file is not a session, or is a session on a loopback address.
    Session(SessionError),
    /// The file cannot be opened, read or written, or was replaced after it was locked.
    Io(io::Error),
}

impl SessionFileError {
    pub(super) fn new(path: PathBuf, kind: SessionFileErrorKind) -> Self {
        Self { path, kind }
    }

    /// Returns the path that the session file was opened with.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> &SessionFileErrorKind {
        &self.kind
    }

    /// Returns what to do next.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match &self.kind {
            SessionFileErrorKind::Busy(_) => Advice::RetryLater,
            // A session for tests. Its error says how to read it.
            SessionFileErrorKind::Session(SessionError::Host(HostError::Loopback { .. }))
            | SessionFileErrorKind::Io(_) => Advice::CheckFile,
            SessionFileErrorKind::NotFound
            | SessionFileErrorKind::NoLogin
            | SessionFileErrorKind::TooLarge
            | SessionFileErrorKind::Session(_) => Advice::LoginAgain,
        }
    }
}

impl SessionFileErrorKind {
    /// Replaces the error of a missing file with [`Self::NotFound`].
    pub(super) fn or_not_found(self) -> Self {
        match self {
            Self::Io(error) if error.kind() == ErrorKind::NotFound => Self::NotFound,
            other => other,
        }
    }
}

impl fmt::Display for SessionFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the session file {} cannot be used", self.path.display())
    }
}

impl Error for SessionFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(match &self.kind {
            SessionFileErrorKind::Session(error) => error,
            SessionFileErrorKind::Io(error) => error,
            kind => kind,
        })
    }
}

/// Displays the error without the path. A kind that wraps an error has that error's text and
/// source.
impl fmt::Display for SessionFileErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str(
                "the file does not exist; correct the path, or create the file with \
                 SessionFile::open_or_create and save a login in it",
            ),
            Self::NoLogin => f.write_str("the file is empty: nobody is logged in"),
            Self::Busy(Some(holder)) => write!(f, "the file is in use by {holder}"),
            Self::Busy(None) => f.write_str("the file is in use by another process"),
            Self::TooLarge => write!(f, "the file is larger than {} MiB", LIMIT >> 20),
            Self::Session(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for SessionFileErrorKind {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotFound | Self::NoLogin | Self::Busy(_) | Self::TooLarge => None,
            Self::Session(error) => error.source(),
            Self::Io(error) => error.source(),
        }
    }
}

impl From<LockError> for SessionFileErrorKind {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Busy(holder) => Self::Busy(holder),
            LockError::Io(error) => Self::Io(error),
        }
    }
}

impl From<io::Error> for SessionFileErrorKind {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

#[cfg(test)]
mod tests {
    use wx_proto::{ErrorChain, Session};

    use super::*;

    #[test]
    fn a_loopback_session_is_refused_with_the_name_of_what_reads_it() {
        let refused = |base: &str| {
            let file = serde_json::json!({
                "version": 1, "base": base, "user_name": "@me", "cookies": []
            });
            let error = Session::from_json(file.to_string()).expect_err("its base");
            SessionFileError::new("s.json".into(), SessionFileErrorKind::Session(error))
        };
        let loopback = refused("http://127.0.0.1:8080");
        let shown = ErrorChain(&loopback).to_string();
        assert!(shown.contains("allow_loopback"), "{shown}");
        assert_eq!(loopback.advice(), Advice::CheckFile);
        let foreign = refused("http://wx.example");
        let shown = ErrorChain(&foreign).to_string();
        assert!(!shown.contains("loopback"), "{shown}");
        assert_eq!(foreign.advice(), Advice::LoginAgain);
    }
}
