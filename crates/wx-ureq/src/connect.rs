//! Wraps ureq's connector, as `resolve` wraps its resolver, to find out whether a failed request
//! may have been delivered.
//!
//! ureq has one error type for all phases, and the same I/O error may come from connecting or from
//! the middle of an exchange (Linux reports "no route to host" on old connections too). A connector
//! fails before the first byte of the request is written, and a connection knows whether it has
//! carried a request before. After any other failure, the request may have been delivered.

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
        // The connection to a proxy carries a tunnel instead of requests.
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

/// The function with which ureq's connector for proxies connects to the proxy.
type Run = dyn Fn(&ConnectionDetails<'_>) -> Result<Box<dyn Transport>, Error> + Send + Sync;

/// Returns the remaining time to connect.
fn connect_timeout(details: &ConnectionDetails<'_>) -> Result<NextTimeout, Error> {
    exchange::limit(details.timeout)
        .map_err(|error| ObservedError::never_connected(error, |_| TransportErrorKind::Stalled))
}

/// Returns `details` as those of the agent. ureq keeps a TLS set-up only if it belongs to the
/// agent; a set-up per connection would read the platform's certificates again and resume no TLS
/// session. No request changes the settings of the agent here.
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

/// A connection to a proxy, which limits the time and the length of its reply.
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
        // Only a reader that waits for the end of a head leaves so much input in the buffer.
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
/// before it has read the body. Writing fails in that case, but the reply can be read. Therefore
/// the rest of the body is discarded once writing has failed, and reading decides.
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
        // ureq reads only after all of a request has been written, so this begins the next one.
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
            // The error of a TLS library if the server closes without a close_notify.
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
