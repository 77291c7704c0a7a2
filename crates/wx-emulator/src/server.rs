//! Connections, and the path of a request: log it, let faults hit it, do what it asks, let faults hit the answer.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Response;
use http::request::Parts;
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::calls;
use crate::fault::{Action, Instead};
use crate::form::Form;
use crate::heads::Heads;
use crate::hub::{Call, Hub};
use crate::query::Query;
use crate::reply::{Dropped, Paced, Reply};
use crate::request::Request;
use crate::violations;

/// A longer body ends the connection.
const LONGEST_BODY: u64 = 128 << 20;

/// Accepts connections until `stopped` comes.
pub(crate) async fn serve(listener: TcpListener, hub: Arc<Hub>, stopped: oneshot::Receiver<()>) {
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&hub)))),
                // Out of file descriptors, most likely: some may come free.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    either(accept, async { drop(stopped.await) }).await;
}

/// Runs `forever` until `end` is there.
async fn either(forever: impl Future<Output = Infallible>, end: impl Future<Output = ()>) {
    let (mut forever, mut end) = (pin!(forever), pin!(end));
    std::future::poll_fn(|cx| {
        let _ = forever.as_mut().poll(cx);
        end.as_mut().poll(cx)
    })
    .await;
}

async fn connection(stream: TcpStream, hub: Arc<Hub>) {
    let _ = stream.set_nodelay(true);
    let heads = Heads::default();
    let reused = AtomicBool::new(false);
    let io = TokioIo::new(heads.watch(stream));
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (parts, body) = request.into_parts();
        exchange(parts, body, Arc::clone(&hub), heads.clone(), reused.swap(true, Ordering::Relaxed))
    });
    // An error here is a client that went away, or a fault.
    let _ = http1::Builder::new().title_case_headers(true).serve_connection(io, service).await;
}

async fn exchange(
    parts: Parts,
    body: Incoming,
    hub: Arc<Hub>,
    heads: Heads,
    reused: bool,
) -> Result<Response<Paced>, Dropped> {
    let headers = heads.take(&parts);
    let request = Request {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        endpoint: endpoint(parts.uri.path()),
        headers: headers.clone(),
        ..Request::default()
    };
    let mut call = Call {
        method: request.method.clone(),
        endpoint: request.endpoint.clone(),
        is_api: parts.uri.path().starts_with("/cgi-bin/mmwebwx-bin/"),
        query: Query::read(parts.uri.query().unwrap_or_default()),
        headers,
        body: Bytes::new(),
        form: None,
    };
    let (place, faults) = hub.arrived(request);
    let faults: Vec<_> = faults.into_iter().filter_map(|fault| fault.on_connection(reused)).collect();

    let instead = faults.iter().find_map(|fault| match fault {
        Action::Instead(instead) => Some(instead),
        Action::Answer(_) | Action::CloseIdle(_) => None,
    });
    let limit = match instead {
        Some(Instead::DropBefore) => return Err(Dropped),
        Some(Instead::DropAt(bytes)) => *bytes,
        _ => LONGEST_BODY,
    };
    let read = read(body, limit).await;
    hub.amend(place, |request| request.body_len = read.len);
    if !read.is_whole {
        return Err(Dropped);
    }
    heads.restart();
    call.body = read.bytes;
    if call.endpoint == "webwxuploadmedia" && call.method == "POST" {
        let content_type = call.header("content-type").unwrap_or_default();
        call.form = Form::read(content_type, &call.body).await;
        hub.amend(place, |request| call.form.iter().for_each(|form| request.set_form(form)));
    } else {
        hub.amend(place, |request| request.body = Some(call.body.clone()));
    }

    let mut reply = match instead {
        Some(instead) => stand_in(instead, &call, &hub)?,
        None => {
            violations::check(&call, &hub);
            calls::answer(&call, &hub).await
        }
    };
    for fault in &faults {
        if let Action::Answer(change) = fault {
            reply = reply.changed(change, &hub);
        }
    }
    reply.header(http::header::DATE, httpdate::fmt_http_date(hub.now())).send().await
}

/// The wire name of a call. Only the pages of a QR code carry their uuid in the path.
fn endpoint(path: &str) -> String {
    let mut segments = path.rsplit('/');
    let last = segments.next().unwrap_or_default();
    match segments.next() {
        Some("qrcode") => "qrcode",
        _ => last,
    }
    .to_owned()
}

/// The answer of a fault that keeps the request from having an effect.
fn stand_in(instead: &Instead, call: &Call, hub: &Hub) -> Result<Reply, Dropped> {
    Ok(match instead {
        Instead::DropBefore | Instead::DropAt(_) => return Err(Dropped),
        Instead::Status(code @ (204 | 205 | 304)) => Reply::bytes("").status(*code),
        Instead::Status(code) => Reply::html(format!("<html><body>{code}</body></html>\n")).status(*code),
        Instead::Redirect(url) => Reply::html("").status(302).header(http::header::LOCATION, url),
        Instead::Ret(ret) => calls::refusal(&call.endpoint, *ret),
        Instead::ForeignMediaId => calls::foreign_media_id(call, hub),
        Instead::NoMediaId => calls::no_media_id(call),
    })
}

struct Read {
    bytes: Bytes,
    len: u64,
    is_whole: bool,
}

/// Reads a body up to `limit` bytes.
async fn read(body: Incoming, limit: u64) -> Read {
    let mut body = pin!(body);
    let mut bytes = BytesMut::with_capacity(body.size_hint().lower().min(LONGEST_BODY) as usize);
    let mut is_whole = true;
    while (bytes.len() as u64) < limit {
        match std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            None => break,
            Some(Ok(frame)) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Some(Err(_)) => {
                is_whole = false;
                break;
            }
        }
    }
    Read {
        len: bytes.len() as u64,
        is_whole: is_whole && (bytes.len() as u64) < limit,
        bytes: bytes.freeze(),
    }
}
