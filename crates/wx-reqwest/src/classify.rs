use std::error::Error;
use std::io;

use wx_client::certificate;
use wx_proto::flow::{ProxyProblem, TransportError, TransportErrorKind};

/// Converts an error of reqwest, without its text, which contains the URL.
///
/// `begun` is whether the request's body was polled. hyper polls it immediately after the head, so
/// if it was not polled, the request cannot have arrived. `reused` is whether the connection has
/// carried a request before.
///
/// hyper returns the same error for a connection that was closed before a reply, and in the middle
/// of the reply's head. Both are treated as closed before the reply, so that the request is
/// repeated at once instead of after a wait.
pub(crate) fn classify(error: &reqwest::Error, begun: bool, reused: bool) -> TransportError {
    let kind = kind(error);
    if error.is_connect() || !begun {
        TransportError::never_connected(kind)
    } else if reused && is_closed(error) {
        TransportError::on_reused_connection()
    } else {
        TransportError::on_the_way(kind)
    }
}

fn is_closed(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};

    innermost::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message)
        || innermost::<io::Error>(error).is_some_and(|io| {
            // TLS libraries return the last one if the server closes without a close_notify.
            matches!(io.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
        })
}

fn kind(error: &reqwest::Error) -> TransportErrorKind {
    let io = innermost::<io::Error>(error);
    if error.is_connect() {
        connect_kind(error)
    } else if error.is_timeout() {
        TransportErrorKind::Stalled
    } else if innermost::<hyper::Error>(error).is_some_and(hyper::Error::is_parse)
        || io.is_some_and(is_framing)
    {
        TransportErrorKind::Protocol
    } else if error.is_builder() {
        TransportErrorKind::Other
    } else if io.is_some_and(|io| io.kind() == io::ErrorKind::InvalidData) {
        TransportErrorKind::Tls
    } else {
        TransportErrorKind::Dropped
    }
}

/// Returns whether hyper could not parse the chunks of a body. Only the text distinguishes this
/// from an error of a TLS library.
fn is_framing(error: &io::Error) -> bool {
    let text = error.to_string();
    text.starts_with("chunk ") || text.to_ascii_lowercase().starts_with("invalid chunk ")
}

/// Returns why there was no connection. The error types of hyper-util and reqwest are private, so
/// only their texts distinguish them.
fn connect_kind(error: &reqwest::Error) -> TransportErrorKind {
    let mut source = error.source();
    if let Some(problem) = source.and_then(certificate::problem) {
        return TransportErrorKind::Certificate(problem);
    }
    while let Some(cause) = source {
        let text = cause.to_string();
        if let Some(text) = text.strip_prefix("tunnel error: ") {
            return TransportErrorKind::Proxy(tunnel_problem(text, error.is_dns()));
        } else if let Some(text) = text.strip_prefix("SOCKS error: ") {
            // The source of this error is not public.
            let is_dns = format!("{cause:?}").contains("dns error");
            return TransportErrorKind::Proxy(tunnel_problem(text, is_dns));
        } else if text.starts_with("tcp ") {
            return TransportErrorKind::Connect;
        }
        source = cause.source();
    }
    if error.is_dns() { TransportErrorKind::Resolve } else { TransportErrorKind::Tls }
}

fn tunnel_problem(text: &str, is_dns: bool) -> ProxyProblem {
    match text {
        "failed to create underlying connection" if is_dns => ProxyProblem::Resolve,
        "failed to create underlying connection" => ProxyProblem::Connect,
        "proxy authorization required" => ProxyProblem::Refused(Some(407)),
        "unexpected end of file" => ProxyProblem::Closed,
        text if text.starts_with("io error") => ProxyProblem::Closed,
        // hyper-util does not report the status, unless it is 407.
        _ => ProxyProblem::Refused(None),
    }
}

/// Returns the innermost source of type `E`.
fn innermost<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut found = None;
    let mut source = error.source();
    while let Some(error) = source {
        found = error.downcast_ref().or(found);
        source = error.source();
    }
    found
}
