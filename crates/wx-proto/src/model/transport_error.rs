//! Errors of the network.

use std::fmt;

use super::advice::Advice;

/// Why a request failed in the network.
///
/// `Display` says what failed, on which host, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// The kind of error.
    pub kind: TransportErrorKind,
    /// Whether the server may have received the request. If in doubt, [`Delivery::Unknown`].
    pub delivery: Delivery,
    /// Whether a reused connection was closed before any byte of this reply.
    pub reused_connection: bool,
    /// The host of the request, if it belongs to web WeChat. The flow sets it; drivers leave it
    /// `None`.
    pub host: Option<&'static str>,
}

impl TransportError {
    /// Creates an error of a request that never left, because there was no connection.
    #[must_use]
    pub const fn never_connected(kind: TransportErrorKind) -> Self {
        Self { kind, delivery: Delivery::Never, reused_connection: false, host: None }
    }

    /// Creates an error of a request that may have arrived, in part or as a whole.
    #[must_use]
    pub const fn on_the_way(kind: TransportErrorKind) -> Self {
        Self { delivery: Delivery::Unknown, ..Self::never_connected(kind) }
    }

    /// Creates an error of a reused connection that was closed or reset before any byte of the
    /// reply, most likely because it had been idle for too long. Do not use it for a connection
    /// that stalled.
    #[must_use]
    pub const fn on_reused_connection() -> Self {
        Self { reused_connection: true, ..Self::on_the_way(TransportErrorKind::Dropped) }
    }

    /// Returns what to do about this error.
    pub(crate) fn advice(self) -> Advice {
        match self.kind {
            TransportErrorKind::Proxy(_) | TransportErrorKind::Certificate(_) => Advice::CheckProxy,
            _ => Advice::CheckNetwork,
        }
    }

    /// Returns whether the error is transient. If there was no connection yet, every error is,
    /// except for an invalid certificate.
    pub(crate) fn is_transient(self) -> bool {
        match self.kind {
            TransportErrorKind::Certificate(_) => false,
            TransportErrorKind::Protocol | TransportErrorKind::Other => {
                self.delivery == Delivery::Never
            }
            _ => true,
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.unwrap_or("the server");
        match self.kind {
            TransportErrorKind::Resolve => {
                write!(f, "the host name of {host} could not be resolved")
            }
            TransportErrorKind::Connect => write!(f, "there was no connection to {host}"),
            TransportErrorKind::Proxy(problem) => problem.fmt(f),
            TransportErrorKind::Certificate(problem) => match problem {
                CertificateProblem::Expired => write!(
                    f,
                    "the certificate of {host} has expired, unless the clock of this computer is \
                     wrong"
                ),
                CertificateProblem::NotYetValid => write!(
                    f,
                    "the certificate of {host} is not valid yet, unless the clock of this \
                     computer is wrong"
                ),
                CertificateProblem::UnknownIssuer => write!(
                    f,
                    "the certificate of {host} was issued by an authority that this computer does \
                     not trust"
                ),
                CertificateProblem::WrongName => {
                    write!(f, "the certificate of {host} is for another host")
                }
                CertificateProblem::Revoked => write!(f, "the certificate of {host} was revoked"),
                CertificateProblem::Other => {
                    write!(f, "the certificate of {host} could not be verified")
                }
            },
            TransportErrorKind::Tls => {
                write!(f, "there was no secure connection (TLS) to {host}")
            }
            TransportErrorKind::Dropped => write!(f, "the connection to {host} was closed"),
            TransportErrorKind::Stalled => write!(f, "the connection to {host} stalled"),
            TransportErrorKind::Protocol => {
                write!(f, "the response from {host} was not HTTP, or its head was too large")
            }
            TransportErrorKind::Other => write!(f, "the request to {host} failed"),
        }
    }
}

impl std::error::Error for TransportError {}

/// The kind of a [`TransportError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The server's host name could not be resolved.
    Resolve,
    /// The connection to the server could not be established, or not in time.
    Connect,
    /// The proxy could not be reached, or did not connect to the server.
    Proxy(ProxyProblem),
    /// The server's certificate is not valid. This is the only error in connecting that is not
    /// retried, because somebody may be intercepting the connection.
    Certificate(CertificateProblem),
    /// The TLS handshake failed for any other reason: it was interrupted, reset or ended by an
    /// alert, or the reply was not TLS.
    Tls,
    /// The connection was closed or reset.
    Dropped,
    /// A time limit in [`Limits`](crate::Limits) was exceeded: no byte moved for some time, the
    /// average rate was too low, or the whole exchange took too long.
    Stalled,
    /// The reply was not HTTP, or its head was larger than the [`Limits`](crate::Limits) allow.
    Protocol,
    /// Any other error, which the HTTP client does not explain.
    Other,
}

/// The failure between this computer and the proxy, or at the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyProblem {
    /// The proxy's host name could not be resolved.
    Resolve,
    /// The connection to the proxy could not be established.
    Connect,
    /// The proxy refused to connect, with this HTTP status if the HTTP client reports it.
    Refused(Option<u16>),
    /// The proxy closed the connection instead of answering.
    Closed,
    /// The connection timed out, because the proxy or the host behind it did not respond.
    Stalled,
}

/// Why a certificate is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// The certificate has expired, or this computer's clock is ahead.
    Expired,
    /// The certificate is not valid yet, or this computer's clock is behind.
    NotYetValid,
    /// This computer does not trust the issuer of the certificate.
    UnknownIssuer,
    /// The certificate is for other host names.
    WrongName,
    /// The certificate was revoked.
    Revoked,
    /// Any other reason.
    Other,
}

impl TransportErrorKind {
    /// Returns a short lower-case name, as used in the spans of the clients and in the trace of the
    /// command.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Proxy(_) => "proxy",
            Self::Certificate(_) => "certificate",
            Self::Tls => "tls",
            Self::Dropped => "dropped",
            Self::Stalled => "stalled",
            Self::Protocol => "protocol",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for ProxyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve => f.write_str("the host name of the proxy could not be resolved"),
            Self::Connect => f.write_str("there was no connection to the proxy"),
            Self::Refused(Some(407)) => {
                f.write_str("the proxy wants another user name and password (status 407)")
            }
            Self::Refused(Some(status)) => {
                write!(f, "the proxy refused to connect (status {status})")
            }
            Self::Refused(None) => f.write_str("the proxy refused to connect"),
            Self::Closed => f.write_str("the proxy closed the connection"),
            Self::Stalled => f.write_str("there was no connection through the proxy in time"),
        }
    }
}

/// Whether a request may have reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The request has not reached the server, because there was no connection.
    Never,
    /// The request may have reached the server.
    Unknown,
}
