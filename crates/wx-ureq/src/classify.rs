use std::io;

use ureq::{Error, Timeout};
use wx_proto::flow::{TransportError, TransportErrorKind};

use crate::observed_error::ObservedError;

/// Converts an error of ureq, without its text, which may contain the URL.
pub(crate) fn classify(error: Error) -> TransportError {
    match error {
        Error::Other(error) => match error.downcast_ref() {
            Some(ObservedError(error)) => *error,
            None => TransportError::on_the_way(TransportErrorKind::Other),
        },
        Error::Timeout(Timeout::Resolve) | Error::HostNotFound => {
            TransportError::never_connected(TransportErrorKind::Resolve)
        }
        Error::Timeout(Timeout::Connect) | Error::ConnectionFailed => {
            TransportError::never_connected(TransportErrorKind::Connect)
        }
        Error::TlsRequired => TransportError::never_connected(TransportErrorKind::Tls),
        Error::Timeout(_) => TransportError::on_the_way(TransportErrorKind::Stalled),
        Error::Io(error) => TransportError::on_the_way(io_kind(&error)),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => {
            TransportError::on_the_way(TransportErrorKind::Protocol)
        }
        _ => TransportError::on_the_way(TransportErrorKind::Other),
    }
}

fn io_kind(error: &io::Error) -> TransportErrorKind {
    match error.kind() {
        io::ErrorKind::TimedOut => TransportErrorKind::Stalled,
        io::ErrorKind::InvalidData => TransportErrorKind::Tls,
        _ => TransportErrorKind::Dropped,
    }
}
