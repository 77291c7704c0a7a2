//! Why a session could not be made.

use std::fmt;

use super::hosts::HostError;

/// Why a session could not be made. It names the key, and never shows the value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The text is not a JSON object.
    NotJson,
    /// The file has another version than 1, or none that looks like one.
    Version(Option<u8>),
    /// A key is missing.
    Missing(&'static str),
    /// A key's value is not what it should be.
    Invalid(&'static str),
    /// The base is not allowed. The error of a session file does not show the host.
    Host(HostError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("the session is not a JSON object"),
            Self::Version(Some(version)) => {
                write!(f, "the session has version {version}, only version 1 is known")
            }
            Self::Version(None) => f.write_str("the session has no version number"),
            Self::Missing(key) => write!(f, "the session has no {key:?}"),
            Self::Invalid(key) => write!(f, "the session's {key:?} is not valid"),
            Self::Host(error) => write!(f, "the session's \"base\": {error}"),
        }
    }
}

impl std::error::Error for SessionError {}

impl From<HostError> for SessionError {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}
