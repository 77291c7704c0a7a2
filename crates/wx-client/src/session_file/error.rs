use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use wx_proto::{HostError, SessionError};

use super::LIMIT;
use crate::lock::{Holder, LockError};

/// What is wrong with a session file. Nothing of its contents is shown.
#[derive(Debug)]
pub struct SessionFileError {
    path: PathBuf,
    kind: SessionFileErrorKind,
}

/// The kinds of [`SessionFileError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionFileErrorKind {
    /// The file does not exist, or is empty.
    NoLogin,
    /// Another process has locked it.
    Busy(Option<Holder>),
    /// It is larger than 4 MiB.
    TooLarge,
    /// It is not a session, or not one that may be used here.
    Session(SessionError),
    /// It cannot be opened, read or written, or is not the file any more that was locked.
    Io(io::Error),
}

impl SessionFileError {
    pub(super) fn new(path: PathBuf, kind: SessionFileErrorKind) -> Self {
        Self { path, kind }
    }

    /// Returns the path of the session file, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what is wrong.
    #[must_use]
    pub fn kind(&self) -> &SessionFileErrorKind {
        &self.kind
    }
}

impl SessionFileErrorKind {
    /// A file that does not exist holds no login.
    pub(super) fn or_no_login(self) -> Self {
        match self {
            Self::Io(error) if error.kind() == ErrorKind::NotFound => Self::NoLogin,
            other => other,
        }
    }

    fn advice(&self) -> &'static str {
        match self {
            Self::NoLogin => "log in first",
            Self::Busy(_) => "wait until it has ended",
            // Only that of a loopback address is named.
            Self::Session(SessionError::Host(HostError::NotHttps { host })) if !host.is_empty() => {
                "for a test, use read_allow_loopback or load_allow_loopback"
            }
            Self::TooLarge | Self::Session(_) => "log in again, or use another file",
            Self::Io(_) => "check the file and its directory",
        }
    }
}

impl fmt::Display for SessionFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "session file {}: {}; {}", self.path.display(), self.kind, self.kind.advice())
    }
}

/// What is wrong, without the path and without advice.
impl fmt::Display for SessionFileErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLogin => f.write_str("not logged in"),
            Self::Busy(Some(holder)) => write!(f, "in use by {holder}"),
            Self::Busy(None) => f.write_str("in use by another process"),
            Self::TooLarge => write!(f, "larger than {} MiB", LIMIT >> 20),
            Self::Session(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SessionFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            SessionFileErrorKind::Session(error) => error.source(),
            SessionFileErrorKind::Io(error) => error.source(),
            _ => None,
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
    use wx_proto::Session;

    use super::*;

    #[test]
    fn a_loopback_session_is_refused_with_the_name_of_what_reads_it() {
        let shown = |base: &str| {
            let text = serde_json::json!({ "version": 1, "base": base, "user_name": "@me", "cookies": [] });
            let error = Session::from_json(text.to_string()).expect_err("its base");
            SessionFileError::new("s.json".into(), SessionFileErrorKind::Session(error)).to_string()
        };
        let loopback = shown("http://127.0.0.1:8080");
        assert!(
            loopback.contains("read_allow_loopback") && !loopback.contains("log in again"),
            "{loopback}"
        );
        let foreign = shown("http://wx.example");
        assert!(foreign.contains("log in again") && !foreign.contains("loopback"), "{foreign}");
    }
}
