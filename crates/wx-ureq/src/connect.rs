//! Wraps ureq's connector, as `resolve` wraps its resolver, to know for certain what happened to a
//! request.
//!
//! ureq has one error type for all phases, and the same I/O error may come from connecting or from
//! the middle of an exchange (Linux reports "no route to host" on old connections too). A connector
//! that fails does so before the first byte of the request was written, and a transport knows
//! whether it has carried a request before; all that fails elsewhere is in doubt.

use std::io::ErrorKind;
use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use wx_proto::flow::{TransportError, TransportErrorKind};

use crate::exchange;
use crate::observed_error::ObservedError;
use crate::stages::{self, Stages};

#[derive(Debug)]
pub(crate) struct ObservedConnector(Arc<Stages>);

impl Default for ObservedConnector {
    fn default() -> Self {
        Self(Arc::new(stages::all()))
    }
}

impl Connector for ObservedConnector {
    type Out = Connected;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Connected>, Error> {
        // The connection to a proxy carries no requests, but a tunnel.
        let to_proxy = Arc::clone(&self.0);
        let run: Arc<Run> = Arc::new(move |details| {
            let timeout = in_time(details)?;
            let details = adapted(details, timeout, Arc::clone(&details.run_connector));
            let transport = to_proxy.connect(&details, None).map_err(ObservedError::of_proxy)?;
            transport.map(|inner| ToProxy(inner).boxed()).ok_or(Error::ConnectionFailed)
        });
        let is_proxied =
            details.config.proxy().is_some_and(|proxy| !proxy.is_no_proxy(details.uri));
        let not_in_time = |error| ObservedError::not_in_time(error, is_proxied);
        let timeout = in_time(details).map_err(not_in_time)?;
        let details = adapted(details, timeout, run);
        let transport = exchange::connecting(timeout, || self.0.connect(&details, chained));
        let transport = transport.map_err(not_in_time)?;
        Ok(transport.map(|inner| Connected {
            inner,
            refused: false,
            reused: false,
            answered: false,
        }))
    }
}

/// What ureq's connector for proxies makes its connection with.
type Run = dyn Fn(&ConnectionDetails<'_>) -> Result<Box<dyn Transport>, Error> + Send + Sync;

/// Returns how long a connection may take from now.
fn in_time(details: &ConnectionDetails<'_>) -> Result<NextTimeout, Error> {
    exchange::limit(details.timeout)
        .map_err(|error| ObservedError::never_connected(error, |_| TransportErrorKind::Stalled))
}

/// ureq keeps a TLS set-up only if it belongs to the agent. Here no request changes the agent's,
/// and another one for each connection would read the platform's certificates again and resume no
/// TLS session.
fn adapted<'a>(
    details: &'a ConnectionDetails<'a>,
    timeout: NextTimeout,
    run_connector: Arc<Run>,
) -> ConnectionDetails<'a> {
    ConnectionDetails {
        uri: details.uri,
        addrs: details.addrs.clone(),
        config: details.config,
        request_level: false,
        resolver: details.resolver,
        now: (details.current_time)(),
        timeout,
        current_time: Arc::clone(&details.current_time),
        run_connector,
        register_shutdown: Arc::clone(&details.register_shutdown),
    }
}

/// The longest answer of a proxy.
const LONGEST_ANSWER: usize = 32 * 1024;

/// A connection to a proxy, whose answer has to end in time.
#[derive(Debug)]
struct ToProxy(Box<dyn Transport>);

impl Transport for ToProxy {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, exchange::limit(timeout)?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        // Nobody lets as much wait but who waits for the end of a head.
        let waiting = self.0.buffers().input().len();
        if waiting > LONGEST_ANSWER {
            return Err(Error::LargeResponseHeader(waiting, LONGEST_ANSWER));
        }
        self.0.await_input(exchange::limit(timeout)?)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

/// A server that refuses a request may answer and close before it has read the body. Writing fails
/// then, but the answer is there to be read: so a connection closed for writing swallows the rest
/// of the body, and reading decides.
#[derive(Debug)]
pub(crate) struct Connected {
    inner: Box<dyn Transport>,
    refused: bool,
    /// Whether an earlier request was answered here.
    reused: bool,
    /// Whether any byte of the current request's reply has come.
    answered: bool,
}

impl Transport for Connected {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.refused {
            return Ok(());
        }
        // ureq reads only after all of a request has been written, so this begins the next one.
        if std::mem::take(&mut self.answered) {
            self.reused = true;
        }
        match self.inner.transmit_output(amount, exchange::limit(timeout)?) {
            Err(Error::Io(error)) if is_closed(error.kind()) => {
                self.refused = true;
                Ok(())
            }
            result => result,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let result = self.inner.await_input(exchange::limit(timeout)?);
        let closed = match &result {
            Ok(more) => !more,
            // What a TLS library says if the server closes without a word.
            Err(Error::Io(error)) => {
                is_closed(error.kind()) || error.kind() == ErrorKind::UnexpectedEof
            }
            Err(_) => false,
        };
        if closed && self.reused && !self.answered {
            return Err(Error::Other(Box::new(ObservedError(
                TransportError::on_reused_connection(),
            ))));
        }
        self.answered |= matches!(result, Ok(true));
        result
    }

    fn is_open(&mut self) -> bool {
        !self.refused && self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

fn is_closed(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
    )
}
