use std::io;

use ureq::{Error, Timeout};
use wx_proto::flow::{Failure, FailureKind};

use crate::connect::ObservedError;

/// What an error means for the flow. Nothing of its text is kept: it may quote the URL.
pub(crate) fn classify(error: Error) -> Failure {
    match error {
        Error::Other(error) => match error.downcast_ref() {
            Some(ObservedError(failure)) => *failure,
            None => Failure::on_the_way(FailureKind::Other),
        },
        Error::Timeout(Timeout::Resolve) | Error::HostNotFound => {
            Failure::never_connected(FailureKind::Resolve)
        }
        Error::Timeout(Timeout::Connect) | Error::ConnectionFailed => {
            Failure::never_connected(FailureKind::Connect)
        }
        Error::TlsRequired => Failure::never_connected(FailureKind::Tls),
        Error::Timeout(_) => Failure::on_the_way(FailureKind::Stalled),
        Error::Io(error) => Failure::on_the_way(io_kind(&error)),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => {
            Failure::on_the_way(FailureKind::Protocol)
        }
        _ => Failure::on_the_way(FailureKind::Other),
    }
}

fn io_kind(error: &io::Error) -> FailureKind {
    match error.kind() {
        io::ErrorKind::TimedOut => FailureKind::Stalled,
        io::ErrorKind::InvalidData => FailureKind::Tls,
        _ => FailureKind::Dropped,
    }
}
