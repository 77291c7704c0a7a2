//! The steps of connecting, each of which says what it means if it fails.
//!
//! They are those of ureq's own `DefaultConnector`, which reports all of them as the same errors.

use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};

use ureq::Error;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, SocksConnector, TcpConnector, Transport,
};
use wx_proto::flow::{ProxyProblem, TransportErrorKind};

use crate::observed_error::ObservedError;

/// All steps, one after the other.
pub(crate) type Stages = Box<dyn Connector<(), Out = Box<dyn Transport>>>;

pub(crate) fn all() -> Stages {
    let stages = Stage(SocksConnector::default(), at_proxy)
        .chain(Stage(ConnectProxyConnector::default(), at_proxy))
        .chain(Stage(TcpConnector::default(), at_server));
    #[cfg(feature = "rustls")]
    let stages =
        stages.chain(Stage(ureq::unversioned::transport::RustlsConnector::default(), at_handshake));
    #[cfg(feature = "native-tls")]
    let stages = stages
        .chain(Stage(ureq::unversioned::transport::NativeTlsConnector::default(), at_handshake));
    Box::new(Boxed(stages))
}

/// One step, and what its errors mean.
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

fn at_proxy(error: &Error) -> TransportErrorKind {
    TransportErrorKind::Proxy(match error {
        Error::HostNotFound => return TransportErrorKind::Resolve,
        // ureq tells the status in words only: "proxy server responded 403/403".
        Error::ConnectProxyFailed(words) => match words.rsplit_once('/') {
            Some((_, status)) => ProxyProblem::Refused(status.parse().ok()),
            None => ProxyProblem::Closed,
        },
        Error::Io(error) => match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => {
                ProxyProblem::Closed
            }
            // The operating system's own errors carry nothing inside; those of the handshake do.
            _ if error.get_ref().is_none() => ProxyProblem::Connect,
            _ => ProxyProblem::Refused(None),
        },
        Error::ConnectionFailed => ProxyProblem::Connect,
        _ => ProxyProblem::Refused(None),
    })
}

fn at_server(error: &Error) -> TransportErrorKind {
    match error {
        Error::HostNotFound => TransportErrorKind::Resolve,
        _ => TransportErrorKind::Connect,
    }
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn at_handshake(error: &Error) -> TransportErrorKind {
    use wx_client::certificate::problem;
    #[cfg(feature = "rustls")]
    use wx_proto::flow::CertificateProblem;

    let refused = match error {
        Error::Io(error) => problem(error),
        // Not from a handshake: there are no certificates to verify anybody by.
        #[cfg(feature = "rustls")]
        Error::Rustls(error) => Some(problem(error).unwrap_or(CertificateProblem::Other)),
        error => problem(error),
    };
    refused.map_or(TransportErrorKind::Tls, TransportErrorKind::Certificate)
}
