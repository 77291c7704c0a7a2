//! The steps of a connection attempt, with error kinds for each step.
//!
//! ureq's `DefaultConnector` has the same steps, but returns the same errors for all of them.

use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};

use ureq::Error;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, SocksConnector, TcpConnector, Transport,
};
use wx_proto::flow::{ProxyProblem, TransportErrorKind};

use crate::observed_error::ObservedError;

/// All steps in order.
pub(crate) type Stages = Box<dyn Connector<(), Out = Box<dyn Transport>>>;

pub(crate) fn all() -> Stages {
    let stages = Stage(SocksConnector::default(), proxy_error_kind)
        .chain(Stage(ConnectProxyConnector::default(), proxy_error_kind))
        .chain(Stage(TcpConnector::default(), connect_error_kind));
    #[cfg(feature = "rustls")]
    let stages = stages
        .chain(Stage(ureq::unversioned::transport::RustlsConnector::default(), tls_error_kind));
    #[cfg(feature = "native-tls")]
    let stages = stages
        .chain(Stage(ureq::unversioned::transport::NativeTlsConnector::default(), tls_error_kind));
    Box::new(Boxed(stages))
}

/// A step, and the function that classifies its errors.
#[derive(Debug)]
struct Stage<C>(C, fn(&Error) -> TransportErrorKind);

impl<In: Transport, C: Connector<In>> Connector<In> for Stage<C> {
    type Out = C::Out;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<C::Out>, Error> {
        let transport = self.0.connect(details, chained);
        transport.map_err(|error| {
            ObservedError::never_connected(error, |error| match error {
                Error::Timeout(_) => TransportErrorKind::Stalled,
                error => self.1(error),
            })
        })
    }
}

#[derive(Debug)]
struct Boxed<C>(C);

impl<C: Connector<()>> Connector<()> for Boxed<C> {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        Ok(self.0.connect(details, chained)?.map(|transport| Box::new(transport) as Self::Out))
    }
}

fn proxy_error_kind(error: &Error) -> TransportErrorKind {
    TransportErrorKind::Proxy(match error {
        Error::HostNotFound => return TransportErrorKind::Resolve,
        // ureq reports the status only as text: "proxy server responded 403/403".
        Error::ConnectProxyFailed(words) => match words.rsplit_once('/') {
            Some((_, status)) => ProxyProblem::Refused(status.parse().ok()),
            None => ProxyProblem::Closed,
        },
        Error::Io(error) => match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => {
                ProxyProblem::Closed
            }
            // Errors of the operating system have no inner error. Errors of the handshake have one.
            _ if error.get_ref().is_none() => ProxyProblem::Connect,
            _ => ProxyProblem::Refused(None),
        },
        Error::ConnectionFailed => ProxyProblem::Connect,
        _ => ProxyProblem::Refused(None),
    })
}

fn connect_error_kind(error: &Error) -> TransportErrorKind {
    match error {
        Error::HostNotFound => TransportErrorKind::Resolve,
        _ => TransportErrorKind::Connect,
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn tls_error_kind(error: &Error) -> TransportErrorKind {
    use wx_client::certificate::problem;
    #[cfg(feature = "rustls")]
    use wx_proto::flow::CertificateProblem;

    let refused = match error {
        Error::Io(error) => problem(error),
        // There are no trusted certificates, so there was no handshake.
        #[cfg(feature = "rustls")]
        Error::Rustls(error) => Some(problem(error).unwrap_or(CertificateProblem::Other)),
        error => problem(error),
    };
    refused.map_or(TransportErrorKind::Tls, TransportErrorKind::Certificate)
}
