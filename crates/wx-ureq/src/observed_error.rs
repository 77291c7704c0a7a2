//! The error of a connection that was watched while it was made.

use std::error::Error as StdError;
use std::fmt;

use ureq::Error;
use wx_proto::flow::{ProxyProblem, TransportError, TransportErrorKind};

/// A failure that was seen here, so nothing about it is in doubt.
#[derive(Debug)]
pub(crate) struct ObservedError(pub(crate) TransportError);

impl ObservedError {
    /// There was no connection. What was observed further inside stays.
    pub(crate) fn never_connected(
        error: Error,
        kind: impl FnOnce(&Error) -> TransportErrorKind,
    ) -> Error {
        match error {
            Error::Other(error) if error.is::<Self>() => Error::Other(error),
            error => Error::Other(Box::new(Self(TransportError::never_connected(kind(&error))))),
        }
    }

    /// What fails on the way to a proxy is the proxy's, except for its certificate.
    pub(crate) fn of_proxy(error: Error) -> Error {
        Self::renamed(error, |kind| match kind {
            TransportErrorKind::Connect | TransportErrorKind::Tls => {
                TransportErrorKind::Proxy(ProxyProblem::Connect)
            }
            kind => kind,
        })
    }

    /// Whatever took too long, there was no connection in time.
    pub(crate) fn not_in_time(error: Error, is_proxied: bool) -> Error {
        Self::renamed(error, |kind| match kind {
            TransportErrorKind::Stalled if is_proxied => {
                TransportErrorKind::Proxy(ProxyProblem::Stalled)
            }
            TransportErrorKind::Stalled => TransportErrorKind::Connect,
            kind => kind,
        })
    }

    /// Changes the name of what failed while connecting.
    fn renamed(error: Error, name: impl FnOnce(TransportErrorKind) -> TransportErrorKind) -> Error {
        match &error {
            Error::Other(other) => match other.downcast_ref() {
                Some(Self(failure)) => Error::Other(Box::new(Self(
                    TransportError::never_connected(name(failure.kind)),
                ))),
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
