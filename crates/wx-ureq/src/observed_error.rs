//! Errors of observed connection attempts.

use std::error::Error as StdError;
use std::fmt;

use ureq::Error;
use wx_proto::flow::{ProxyProblem, TransportError, TransportErrorKind};

/// An error that was classified where it occurred.
#[derive(Debug)]
pub(crate) struct ObservedError(pub(crate) TransportError);

impl ObservedError {
    /// Returns the error of a failed connection attempt. An inner [`ObservedError`] is kept.
    pub(crate) fn never_connected(
        error: Error,
        kind: impl FnOnce(&Error) -> TransportErrorKind,
    ) -> Error {
        match error {
            Error::Other(error) if error.is::<Self>() => Error::Other(error),
            error => Error::Other(Box::new(Self(TransportError::never_connected(kind(&error))))),
        }
    }

    /// Converts an error of connecting into an error of the proxy.
    pub(crate) fn from_proxy(error: Error) -> Error {
        Self::with_kind(error, |kind| match kind {
            TransportErrorKind::Connect | TransportErrorKind::Tls => {
                TransportErrorKind::Proxy(ProxyProblem::Connect)
            }
            kind => kind,
        })
    }

    /// Converts a stall into an error of connecting in time.
    pub(crate) fn from_timeout(error: Error, is_proxied: bool) -> Error {
        Self::with_kind(error, |kind| match kind {
            TransportErrorKind::Stalled if is_proxied => {
                TransportErrorKind::Proxy(ProxyProblem::Stalled)
            }
            TransportErrorKind::Stalled => TransportErrorKind::Connect,
            kind => kind,
        })
    }

    /// Changes the kind of an observed error.
    fn with_kind(
        error: Error,
        kind: impl FnOnce(TransportErrorKind) -> TransportErrorKind,
    ) -> Error {
        match &error {
            Error::Other(other) => match other.downcast_ref() {
                Some(Self(error)) => {
                    Error::Other(Box::new(Self(TransportError::never_connected(kind(error.kind)))))
                }
                None => error,
            },
            _ => error,
        }
    }
}

impl fmt::Display for ObservedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for ObservedError {}
