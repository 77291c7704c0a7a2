//! What a client needs of an HTTP library.

use std::io;
use std::time::Duration;

use wx_proto::bytes::Bytes;
use wx_proto::flow::TransportError;
use wx_proto::http::response::Parts;
use wx_proto::{ApiRequest, Site};

use crate::BuildError;
use crate::cancel_token::CancelToken;
use crate::media_io::{MediaSink, MediaSource};

/// An HTTP client that [`Client`](crate::Client) sends its requests with. Clones share their
/// connections. The futures of a [blocking](BlockingTransport) one are ready when they are first
/// polled.
///
/// The duties of a driver that concern HTTP are its own: see [`Flow`](wx_proto::flow::Flow).
pub trait Transport: Clone + Send + Sync + Sized + 'static {
    /// Where a picture to send is read from.
    type Source: MediaSource;
    /// Where a fetched picture is written to.
    type Sink<'a>: MediaSink + 'a;
    /// A reply whose body is being received.
    type Reply: Send;

    /// Sets up an HTTP client with default settings for the servers of a site.
    ///
    /// # Errors
    /// [`BuildError`].
    fn for_site(site: &Site) -> Result<Self, BuildError>;

    /// Whether it was set up for a server on a loopback address: other proxies and certificates
    /// hold for that than for all others.
    fn is_for_loopback(&self) -> bool;

    /// Sends a request, and waits for the head of its reply. If the call blocks, it ends soon
    /// after `token` was cancelled; if not, the future is dropped then.
    fn send(
        &self,
        request: ApiRequest,
        token: &CancelToken,
    ) -> impl Future<Output = Result<(Parts, Self::Reply), TransportError>> + Send;

    /// Receives the next piece of the body, or `None` at its end.
    fn receive(
        reply: &mut Self::Reply,
    ) -> impl Future<Output = Result<Option<Bytes>, TransportError>> + Send;

    /// Sleeps for `time`, or until `token` is cancelled.
    fn sleep(time: Duration, token: &CancelToken) -> impl Future<Output = ()> + Send;

    /// Does work that blocks, on a thread that may.
    fn unblock<T: Send + 'static>(
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> impl Future<Output = io::Result<T>> + Send;
}

/// A transport whose calls block. Requests are run by [`Request::run`](crate::Request::run).
pub trait BlockingTransport: Transport {}

/// A transport whose futures wait without blocking. Requests are awaited.
pub trait AsyncTransport: Transport {}
