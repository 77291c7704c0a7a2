//! The handling of a request: it is logged, a fault may replace its handling, its handler runs, and
//! faults may alter the reply.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Response;
use http::header::{DATE, LOCATION};
use http::request::Parts;
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::calls;
use crate::exchange::call_spec::{CallSpec, PageBody};
use crate::exchange::paced_body::{Dropped, PacedBody};
use crate::exchange::raw_headers::RawHeaders;
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::fault_action::{Action, Replacement};
use crate::model::form::Form;
use crate::model::query::Query;
use crate::model::request::Request;
use crate::state::server_state::ServerState;
use crate::violations;

/// The maximum length of a request body in bytes. A connection with a longer one is closed.
const LONGEST_BODY: u64 = 128 << 20;

/// Accepts connections until `stopped` completes.
pub(super) async fn serve(
    listener: TcpListener,
    state: Arc<ServerState>,
    stopped: oneshot::Receiver<()>,
) {
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(connection(stream, Arc::clone(&state)))),
                // Most likely the process has run out of file descriptors, and has to wait until
                // some are closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    run_until(accept, async { drop(stopped.await) }).await;
}

/// Runs `forever` until `end` completes.
async fn run_until(forever: impl Future<Output = Infallible>, end: impl Future<Output = ()>) {
    let (mut forever, mut end) = (pin!(forever), pin!(end));
    std::future::poll_fn(|cx| {
        let _ = forever.as_mut().poll(cx);
        end.as_mut().poll(cx)
    })
    .await;
}

async fn connection(stream: TcpStream, state: Arc<ServerState>) {
    let _ = stream.set_nodelay(true);
    let headers = RawHeaders::default();
    let reused = AtomicBool::new(false);
    let io = TokioIo::new(headers.tee(stream));
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (parts, body) = request.into_parts();
        let reused = reused.swap(true, Ordering::Relaxed);
        exchange(parts, body, Arc::clone(&state), headers.clone(), reused)
    });
    // An error means that the client has disconnected, or that a fault has dropped the connection.
    let _ = http1::Builder::new().title_case_headers(true).serve_connection(io, service).await;
}

async fn exchange(
    parts: Parts,
    body: Incoming,
    state: Arc<ServerState>,
    raw_headers: RawHeaders,
    reused: bool,
) -> Result<Response<PacedBody>, Dropped> {
    let headers = raw_headers.take(&parts);
    let name = call_name(parts.uri.path());
    let spec = calls::find(name);
    let (index, faults) = state.log().add(Request {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        endpoint: name.to_owned(),
        headers: headers.clone(),
        ..Request::default()
    });
    let faults: Vec<_> =
        faults.into_iter().filter_map(|fault| fault.on_connection(reused)).collect();
    let replacement = faults.iter().find_map(|fault| match fault {
        Action::Replace(replacement) => Some(replacement),
        Action::Alter(_) | Action::CloseIdle(_) => None,
    });
    let limit = match replacement {
        Some(Replacement::DropBefore) => return Err(Dropped),
        Some(Replacement::DropAt(bytes)) => *bytes,
        _ => LONGEST_BODY,
    };
    let received = receive(body, limit).await;
    state.log().complete(index, |request| request.body_len = received.bytes.len() as u64);
    if !received.is_complete {
        return Err(Dropped);
    }
    raw_headers.restart();

    let mut call = ReceivedCall {
        state: &state,
        method: parts.method.to_string(),
        name: calls::shown_name(name).to_owned(),
        path: parts.uri.path().to_owned(),
        is_api: parts.uri.path().starts_with("/cgi-bin/mmwebwx-bin/"),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        headers,
        body: received.bytes,
        json: None,
        is_compact: false,
        form: None,
    };
    if matches!(spec.page.body, PageBody::UploadForm | PageBody::ParallelForm)
        && call.method == "POST"
    {
        let content_type = call.header("content-type").unwrap_or_default();
        call.form = Form::parse(content_type, &call.body).await;
        if let Some(form) = &mut call.form {
            state.log().complete(index, |request| request.parts.clone_from(&form.parts));
            state.credentials().names.in_form(form);
        }
    } else {
        call.json = serde_json::from_slice(&call.body).ok();
        state.log().complete(index, |request| request.body = Some(call.body.clone()));
        if let Some(json) = &mut call.json {
            call.is_compact = json.to_string().as_bytes() == call.body;
            state.credentials().names.in_request(json);
        }
    }

    state.credentials().names.in_query(&mut call.query);

    let mut reply = match replacement {
        Some(replacement) => replace(replacement, spec, &call)?,
        None => {
            violations::check(spec, &call);
            calls::reply_to(spec, &call).await.with_names_of(&state.credentials())
        }
    };
    for fault in &faults {
        if let Action::Alter(alteration) = fault {
            reply = reply.altered(alteration, &state);
        }
    }
    reply.header(DATE, httpdate::fmt_http_date(state.now())).send().await
}

/// Returns the name of a call, which is the last segment of its path. Only the path of a QR code
/// continues with a uuid, and that of an emoticon with an MD5.
fn call_name(path: &str) -> &str {
    if path.starts_with("/wx_emoji/") {
        return "wx_emoji";
    }
    let mut segments = path.rsplit('/');
    let last = segments.next().unwrap_or_default();
    if segments.next() == Some("qrcode") { "qrcode" } else { last }
}

/// Returns the reply of a fault that replaces the handling of the request.
fn replace(
    replacement: &Replacement,
    spec: &CallSpec,
    call: &ReceivedCall<'_>,
) -> Result<Reply, Dropped> {
    Ok(match replacement {
        Replacement::DropBefore | Replacement::DropAt(_) => return Err(Dropped),
        Replacement::Status(code @ (204 | 205 | 304)) => Reply::bytes("").status(*code),
        Replacement::Status(code) => {
            Reply::html(format!("<html><body>{code}</body></html>\n")).status(*code)
        }
        Replacement::Redirect(url) => Reply::html("").status(302).header(LOCATION, url),
        Replacement::Ret(ret) => spec.reply_with_ret(*ret),
        Replacement::ForeignMediaId => calls::foreign_media_id(call),
        Replacement::NoMediaId => calls::no_media_id(spec, call),
    })
}

struct Received {
    bytes: Bytes,
    is_complete: bool,
}

/// Receives up to `limit` bytes of a body.
async fn receive(body: Incoming, limit: u64) -> Received {
    let mut body = pin!(body);
    let mut bytes = BytesMut::with_capacity(body.size_hint().lower().min(LONGEST_BODY) as usize);
    let mut is_complete = true;
    while (bytes.len() as u64) < limit {
        match std::future::poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            None => break,
            Some(Ok(frame)) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Some(Err(_)) => {
                is_complete = false;
                break;
            }
        }
    }
    is_complete &= (bytes.len() as u64) < limit;
    Received { bytes: bytes.freeze(), is_complete }
}
