//! Wraps ureq's connector, to find out whether a failed request may have been delivered.
//!
//! ureq has one error type for all phases. The same I/O error can occur while connecting and in the
//! middle of an exchange (Linux reports "no route to host" on old connections too). If the
//! connector fails, no byte of the request was written. A connection records whether it has carried
//! a request before. After any other error, the request may have been delivered.

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
    type Out = ObservedConnection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<ObservedConnection>, Error> {
        // The connection to a proxy carries a tunnel, not requests.
        let to_proxy = Arc::clone(&self.0);
        let run: Arc<Run> = Arc::new(move |details| {
            let timeout = connect_timeout(details)?;
            let details = adapted(details, timeout, Arc::clone(&details.run_connector));
            let transport = to_proxy.connect(&details, None).map_err(ObservedError::from_proxy)?;
            transport.map(|inner| ProxyConnection(inner).boxed()).ok_or(Error::ConnectionFailed)
        });
        let is_proxied =
            details.config.proxy().is_some_and(|proxy| !proxy.is_no_proxy(details.uri));
        let timed_out = |error| ObservedError::from_timeout(error, is_proxied);
        let timeout = connect_timeout(details).map_err(timed_out)?;
        let details = adapted(details, timeout, run);
        let transport = exchange::connecting(timeout, || self.0.connect(&details, chained));
        let transport = transport.map_err(timed_out)?;
        Ok(transport.map(|inner| ObservedConnection {
            inner,
            is_write_closed: false,
            reused: false,
            replied: false,
        }))
    }
}

/// The function that ureq's connector for proxies calls to connect to the proxy.
type Run = dyn Fn(&ConnectionDetails<'_>) -> Result<Box<dyn Transport>, Error> + Send + Sync;

/// Returns the remaining time to connect.
fn connect_timeout(details: &ConnectionDetails<'_>) -> Result<NextTimeout, Error> {
    exchange::limit(details.timeout)
        .map_err(|error| ObservedError::never_connected(error, |_| TransportErrorKind::Stalled))
}

/// Returns `details` with the configuration of the agent. ureq keeps a TLS set-up only if it
/// belongs to the agent. A set-up per connection would read the platform's certificates each time,
/// and could not resume TLS sessions. No request changes the TLS settings of the agent.
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

/// The maximum length of a proxy's reply.
const MAX_PROXY_REPLY: usize = 32 * 1024;

/// A connection to a proxy, with limits for the time and the length of the proxy's reply.
#[derive(Debug)]
struct ProxyConnection(Box<dyn Transport>);

impl Transport for ProxyConnection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, exchange::limit(timeout)?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        // Only a reader that waits for the end of a head leaves this much input in the buffer.
        let waiting = self.0.buffers().input().len();
        if waiting > MAX_PROXY_REPLY {
            return Err(Error::LargeResponseHeader(waiting, MAX_PROXY_REPLY));
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

/// A connection to a server. A server that refuses a request may reply and close the connection
/// before it has read the body. In that case, writing fails, but the reply can still be read.
/// Therefore, after a failed write, the rest of the body is discarded and the reply is read.
#[derive(Debug)]
pub(crate) struct ObservedConnection {
    inner: Box<dyn Transport>,
    is_write_closed: bool,
    /// Whether the connection has carried an earlier request.
    reused: bool,
    /// Whether any byte of the current reply was received.
    replied: bool,
}

impl Transport for ObservedConnection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.is_write_closed {
            return Ok(());
        }
        // ureq reads only after the whole request was written, so this begins the next request.
        if std::mem::take(&mut self.replied) {
            self.reused = true;
        }
        match self.inner.transmit_output(amount, exchange::limit(timeout)?) {
            Err(Error::Io(error)) if is_closed(error.kind()) => {
                self.is_write_closed = true;
                Ok(())
            }
            result => result,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let result = self.inner.await_input(exchange::limit(timeout)?);
        let closed = match &result {
            Ok(more) => !more,
            // TLS libraries return this error if the server closes without a close_notify.
            Err(Error::Io(error)) => {
                is_closed(error.kind()) || error.kind() == ErrorKind::UnexpectedEof
            }
            Err(_) => false,
        };
        if closed && self.reused && !self.replied {
            return Err(Error::Other(Box::new(ObservedError(
                TransportError::on_reused_connection(),
            ))));
        }
        self.replied |= matches!(result, Ok(true));
        result
    }

    fn is_open(&mut self) -> bool {
        !self.is_write_closed && self.inner.is_open()
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
