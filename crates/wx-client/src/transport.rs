//! The interface between clients and HTTP libraries.

use std::io;
use std::time::Duration;

use wx_proto::bytes::Bytes;
use wx_proto::flow::TransportError;
use wx_proto::http::response::Parts;
use wx_proto::{ApiRequest, Site};

use crate::BuildError;
use crate::cancel_token::CancelToken;
use crate::media_io::{MediaSink, MediaSource};
use crate::outbound::Outbound;
use crate::transport_info::TransportInfo;

/// An HTTP client for a [`Client`](crate::Client). Clones share their connections. The futures of a
/// [blocking](BlockingTransport) transport must be ready when they are first polled.
///
/// It must fulfil the [duties of drivers](wx_proto::flow#what-a-driver-must-do) that concern HTTP.
/// The [crate docs](crate#writing-a-transport) show how to write and test one.
pub trait Transport: Clone + Send + Sync + Sized + 'static {
    /// The source of media to send.
    type Source: MediaSource + Into<Outbound<Self::Source>>;
    /// The destination of fetched media.
    type Sink<'a>: MediaSink + 'a;
    /// A reply whose body is being received.
    type Reply: Send;

    /// Sets up an HTTP client with default settings for the servers of a site.
    ///
    /// # Errors
    /// [`BuildError`].
    fn for_site(site: &Site) -> Result<Self, BuildError>;

    /// Returns whether this transport was set up for a server on a loopback address. It uses no
    /// proxy and no TLS in that case, so it cannot be used for other servers.
    fn is_for_loopback(&self) -> bool;

    /// Describes the connection settings of `http`, for [`Client::health`](crate::Client::health).
    /// If `http` is `None`, it could not be set up, and its proxy is not asked for. By default,
    /// nothing is reported.
    fn info(http: Option<&Self>) -> TransportInfo {
        let _ = http;
        TransportInfo::default()
    }

    /// Sends a request and waits for the head of its reply. When `token` is cancelled, a blocking
    /// transport returns soon after, and the future of an asynchronous one is dropped.
    ///
    /// # Errors
    /// Why the request failed, and whether it may have been delivered. The transport must refuse a
    /// request with a [`Limits::direct`](wx_proto::Limits::direct) that differs from
    /// [`is_for_loopback`](Self::is_for_loopback).
    fn send(
        &self,
        request: ApiRequest,
        token: &CancelToken,
    ) -> impl Future<Output = Result<(Parts, Self::Reply), TransportError>> + Send;

    /// Receives the next piece of the body, which is not empty. Returns `None` at the end of the
    /// body. A blocking call cannot be cancelled, but obeys the limits of the request.
    ///
    /// # Errors
    /// Why the reply is incomplete.
    fn receive(
        reply: &mut Self::Reply,
    ) -> impl Future<Output = Result<Option<Bytes>, TransportError>> + Send;

    /// Sleeps for `time`, or until `token` is cancelled.
    fn sleep(time: Duration, token: &CancelToken) -> impl Future<Output = ()> + Send;

    /// Runs `work`, which may block, on a suitable thread.
    ///
    /// # Errors
    /// The error of `work`, or that it could not be run.
    fn unblock<T: Send + 'static>(
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> impl Future<Output = io::Result<T>> + Send;
}

/// A transport with blocking calls. Its requests are run by [`Request::run`](crate::Request::run).
pub trait BlockingTransport: Transport {}

/// A transport with asynchronous calls. Its requests are awaited.
pub trait AsyncTransport: Transport {}
