use std::error::Error;
use std::io;

use wx_client::certificate;
use wx_proto::flow::{ProxyProblem, TransportError, TransportErrorKind};

/// What an error means for the flow. Nothing of its text is kept: reqwest's quotes the URL.
///
/// `begun` tells whether anybody asked for the request's body. hyper asks right behind the head, so
/// a request whose body nobody asked for cannot have arrived, whatever went wrong. `reused` tells
/// whether the connection had carried a request before.
///
/// hyper does not tell a connection that was closed within the head of a reply from one that was
/// closed before it. So the former is reported as closed too, and the request repeated at once
/// instead of after a wait.
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
            // The last is what a TLS library says if the server closes without a word.
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

/// Whether hyper could not read the chunks of a body. Only the words tell such an error from those
/// of a TLS library.
fn is_framing(error: &io::Error) -> bool {
    let words = error.to_string();
    words.starts_with("chunk ") || words.to_ascii_lowercase().starts_with("invalid chunk ")
}

/// Why there was no connection. The types of these errors are hyper-util's and reqwest's own, so
/// words have to tell them apart.
fn connect_kind(error: &reqwest::Error) -> TransportErrorKind {
    let mut source = error.source();
    if let Some(problem) = source.and_then(certificate::problem) {
        return TransportErrorKind::Certificate(problem);
    }
    while let Some(kind) = source {
        let words = kind.to_string();
        if let Some(words) = words.strip_prefix("tunnel error: ") {
            return TransportErrorKind::Proxy(tunnel_problem(words, error.is_dns()));
        } else if let Some(words) = words.strip_prefix("SOCKS error: ") {
            // It hides what it was caused by.
            let is_dns = format!("{kind:?}").contains("dns error");
            return TransportErrorKind::Proxy(tunnel_problem(words, is_dns));
        } else if words.starts_with("tcp ") {
            return TransportErrorKind::Connect;
        }
        source = kind.source();
    }
    if error.is_dns() { TransportErrorKind::Resolve } else { TransportErrorKind::Tls }
}

fn tunnel_problem(words: &str, is_dns: bool) -> ProxyProblem {
    match words {
        "failed to create underlying connection" if is_dns => ProxyProblem::Resolve,
        "failed to create underlying connection" => ProxyProblem::Connect,
        "proxy authorization required" => ProxyProblem::Refused(Some(407)),
        "unexpected end of file" => ProxyProblem::Closed,
        words if words.starts_with("io error") => ProxyProblem::Closed,
        // Of other statuses than 407 hyper-util says nothing.
        _ => ProxyProblem::Refused(None),
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
