//! Why a session could not be created.

use std::fmt;

use super::fields::SessionField;
use super::hosts::HostError;

/// Why a session could not be created. Errors name fields, but never show their values.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// The text is not a JSON object.
    NotJson,
    /// The version is not 1, or is missing.
    Version(Option<u8>),
    /// A field is missing.
    Missing(SessionField),
    /// A field's value is not valid.
    Invalid(SessionField),
    /// The base was rejected. The error of a session file does not show the host.
    Host(HostError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("the session is not a JSON object"),
            Self::Version(Some(version)) => {
                write!(f, "the session has version {version}; only version 1 is supported")
            }
            Self::Version(None) => f.write_str("the session has no version number"),
            Self::Missing(field) => write!(f, "the session has no {:?}", field.name()),
            Self::Invalid(field) => write!(f, "the session's {:?} is not valid", field.name()),
            Self::Host(_) => f.write_str("the session's \"base\" is not accepted"),
        }
    }
}

impl std::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Host(error) => Some(error),
            _ => None,
        }
    }
}

impl From<HostError> for SessionError {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}
