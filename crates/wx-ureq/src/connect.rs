//! Wraps ureq's connector, as `resolve` does its resolver, to know for certain what happened to a request.
//!
//! ureq has one error type for all phases, and the same I/O error may come from connecting or from the middle of an
//! exchange (Linux reports "no route to host" on old connections too). What fails in here failed before the first byte
//! of the request was written; all that fails elsewhere is in doubt.

use std::error::Error as StdError;
use std::fmt;
use std::io::ErrorKind;
use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};
use wx_proto::flow::FailureKind;

/// There was no connection.
#[derive(Debug)]
pub(crate) struct NotConnected(pub(crate) FailureKind);

impl NotConnected {
    pub(crate) fn during(step: FailureKind, error: Error) -> Error {
        let kind = match error {
            Error::Other(error) if error.is::<Self>() => return Error::Other(error),
            _ if step == FailureKind::Resolve => step,
            Error::HostNotFound => FailureKind::Resolve,
            // The operating system's own errors carry nothing inside; those of the TLS libraries do.
            Error::Io(error) if error.get_ref().is_none() && error.kind() != ErrorKind::UnexpectedEof => step,
            Error::Timeout(_) | Error::ConnectionFailed | Error::ConnectProxyFailed(_) => step,
            _ => FailureKind::Tls,
        };
        Error::Other(Box::new(Self(kind)))
    }
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for NotConnected {}

#[derive(Debug, Default)]
pub(crate) struct Connecting(DefaultConnector);

impl Connector for Connecting {
    type Out = Connected;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Connected>, Error> {
        // ureq keeps a TLS set-up only if it belongs to the agent. Here no request changes the agent's, and another
        // one for each connection would read the platform's certificates again and resume no TLS session.
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: false,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        let transport = self.0.connect(&details, chained);
        let transport = transport.map_err(|error| NotConnected::during(FailureKind::Connect, error))?;
        Ok(transport.map(|inner| Connected { inner, refused: false }))
    }
}

/// A server that refuses a request may answer and close before it has read the body. Writing fails then, but the answer
/// is there to be read: so a connection closed for writing swallows the rest of the body, and reading decides.
#[derive(Debug)]
pub(crate) struct Connected {
    inner: Box<dyn Transport>,
    refused: bool,
}

impl Transport for Connected {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.refused {
            return Ok(());
        }
        match self.inner.transmit_output(amount, timeout) {
            Err(Error::Io(error)) if is_closed(error.kind()) => {
                self.refused = true;
                Ok(())
            }
            result => result,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        !self.refused && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

fn is_closed(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}
