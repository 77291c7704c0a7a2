use std::error::Error;
use std::io;

use wx_proto::flow::{Failure, FailureKind};

/// What an error means for the flow. Nothing of its text is kept: reqwest's quotes the URL.
///
/// `begun` tells whether anybody asked for the request's body. hyper asks right behind the head, so
/// a request whose body nobody asked for cannot have arrived, whatever went wrong. `reused` tells
/// whether the connection had carried a request before.
///
/// hyper does not tell a connection that was closed within the head of a reply from one that was
/// closed before it. So the former is reported as closed too, and the request repeated at once
/// instead of after a wait.
pub(crate) fn classify(error: &reqwest::Error, begun: bool, reused: bool) -> Failure {
    let kind = kind(error);
    if error.is_connect() || !begun {
        Failure::never_connected(kind)
    } else if reused && is_closed(error) {
        Failure::on_reused_connection()
    } else {
        Failure::on_the_way(kind)
    }
}

fn is_closed(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};

    innermost::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message)
        || innermost::<io::Error>(error).is_some_and(|io| {
            // The last is what a TLS library says if the server closes without a word.
            matches!(io.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        })
}

fn kind(error: &reqwest::Error) -> FailureKind {
    if error.is_dns() {
        FailureKind::Resolve
    } else if error.is_connect() {
        // The operating system's own errors carry nothing inside; those of the TLS libraries do.
        match innermost::<io::Error>(error) {
            Some(io) if io.get_ref().is_none() && io.kind() != io::ErrorKind::UnexpectedEof => {
                FailureKind::Connect
            }
            None if error.is_timeout() => FailureKind::Connect,
            _ => FailureKind::Tls,
        }
    } else if error.is_timeout() {
        FailureKind::Stalled
    } else if innermost::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        FailureKind::Protocol
    } else if error.is_builder() {
        FailureKind::Other
    } else {
        FailureKind::Dropped
    }
}

/// The last error of a type among the causes.
fn innermost<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut found = None;
    let mut source = error.source();
    while let Some(error) = source {
        found = error.downcast_ref().or(found);
        source = error.source();
    }
    found
}
