use std::error::Error;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue};
use http::response::Parts;
use http::uri::Scheme;
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use smol::Task;
use smol::future::poll_fn;
use smol::net::TcpStream;
use wx_proto::ApiRequest;
use wx_proto::flow::{TransportError, TransportErrorKind};

use crate::activity::Activity;
use crate::body::RequestBody;
use crate::connection::Connection;

/// A reply whose body is being received.
pub(crate) struct Reply {
    body: Incoming,
    activity: Activity,
    /// The task of the connection. Dropping it closes the connection.
    _connection: Task<()>,
}

/// Sends a request on a new connection, and waits for the head of its reply.
pub(crate) async fn send(request: ApiRequest) -> Result<(Parts, Reply), TransportError> {
    let limits = request.limits();
    let activity = Activity::new(limits);
    let (mut parts, body) = request.into_http().into_parts();
    let failed = |kind| TransportError::never_connected(kind);
    // This example has no TLS. Without it, only loopback addresses are allowed.
    if !limits.direct || parts.uri.scheme() != Some(&Scheme::HTTP) {
        return Err(failed(TransportErrorKind::Tls));
    }
    let authority = parts.uri.authority().ok_or(failed(TransportErrorKind::Other))?.clone();
    let connecting = activity.within(TcpStream::connect(authority.as_str())).await;
    let Some(Ok(stream)) = connecting else { return Err(failed(TransportErrorKind::Connect)) };
    let _ = stream.set_nodelay(true);

    let (mut sender, connection) = http1::Builder::new()
        .max_headers(limits.max_headers.saturating_add(1))
        // The flow refuses a head above `max_head`. hyper must stop reading at any larger size.
        .max_buf_size(limits.max_head.max(8 * 1024).saturating_mul(2))
        .handshake(Connection::new(stream, activity.clone()))
        .await
        .map_err(|_| failed(TransportErrorKind::Connect))?;
    // Ignore the error of the connection: the sender or the body returns it too.
    let connection = smol::spawn(async move { connection.await.unwrap_or_default() });

    let host = HeaderValue::from_str(authority.as_str());
    parts.headers.insert(HOST, host.map_err(|_| failed(TransportErrorKind::Other))?);
    parts.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if let Some(target) = parts.uri.path_and_query() {
        parts.uri = target.clone().into();
    }
    let body = RequestBody::new(body, activity.clone());
    let sending = sender.send_request(http::Request::from_parts(parts, body));
    match activity.within(sending).await {
        Some(Ok(response)) => {
            let (head, body) = response.into_parts();
            Ok((head, Reply { body, activity, _connection: connection }))
        }
        Some(Err(error)) => Err(on_the_way(&error)),
        None => Err(TransportError::on_the_way(TransportErrorKind::Stalled)),
    }
}

impl Reply {
    /// Returns the next piece of the body, or `None` at its end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        loop {
            let body = &mut self.body;
            let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
            let stalled = TransportError::on_the_way(TransportErrorKind::Stalled);
            match self.activity.within(frame).await.ok_or(stalled)? {
                None => return Ok(None),
                Some(Err(error)) => return Err(on_the_way(&error)),
                Some(Ok(frame)) => {
                    // Trailers are part of the framing and are dropped.
                    if let Ok(bytes) = frame.into_data() {
                        self.activity.count(bytes.len());
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }
}

/// Returns the error of a request that may have arrived.
fn on_the_way(error: &hyper::Error) -> TransportError {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let is_framing = io.is_some_and(|io| {
        matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
    });
    TransportError::on_the_way(if error.is_parse() || is_framing {
        TransportErrorKind::Protocol
    } else {
        TransportErrorKind::Dropped
    })
}
