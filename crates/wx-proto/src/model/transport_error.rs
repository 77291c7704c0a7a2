//! How the network failed a request.

use std::fmt;

use super::advice::Advice;

/// Why the network failed a request.
///
/// `Display` says what failed, on which host, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportError {
    /// How the network failed.
    pub kind: TransportErrorKind,
    /// Whether the server may have received the request. If in doubt, [`Delivery::Unknown`].
    pub delivery: Delivery,
    /// Whether a reused connection was closed before any byte of this reply.
    pub reused_connection: bool,
    /// The host that the request was for, if it is one of web WeChat's. The flow fills it in; a
    /// driver leaves it empty.
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

    /// Whether the error is transient. Before the request has left, all are, except for a
    /// certificate that does not verify.
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

/// How the network failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The server's host name could not be resolved.
    Resolve,
    /// There was no connection to the server, or none in time.
    Connect,
    /// The proxy did not connect.
    Proxy(ProxyProblem),
    /// The server's certificate does not verify. This is the only final error before a request
    /// leaves, because somebody in between may be reading along.
    Certificate(CertificateProblem),
    /// The TLS handshake failed for any other reason: it was cut off, reset or ended by an alert,
    /// or the reply was not TLS.
    Tls,
    /// The connection was closed or reset.
    Dropped,
    /// One of the time limits in [`Limits`](crate::Limits) was exceeded: no byte moved for a time,
    /// too few moved over a longer one, or it took too long in all.
    Stalled,
    /// The reply was not HTTP, or its head was larger than [`Limits`](crate::Limits) allow.
    Protocol,
    /// The HTTP client does not say why.
    Other,
}

/// What failed between this computer and the proxy, or at the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyProblem {
    /// The proxy's host name could not be resolved.
    Resolve,
    /// There was no connection to the proxy.
    Connect,
    /// The proxy refused to connect, with this HTTP status, if it sent one and the client knows it.
    Refused(Option<u16>),
    /// The proxy closed the connection instead of answering.
    Closed,
    /// The connection timed out, because the proxy or the host behind it did not respond.
    Stalled,
}

/// Why a certificate does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// The certificate has expired, or this computer's clock is ahead.
    Expired,
    /// The certificate is not valid yet, or this computer's clock is behind.
    NotYetValid,
    /// The certificate was not issued by anybody whom this computer trusts.
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
    /// It has not, because there was no connection.
    Never,
    /// It may have.
    Unknown,
}
