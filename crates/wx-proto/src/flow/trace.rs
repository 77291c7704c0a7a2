use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::response::Parts;
use http::{Method, Response};

use super::{Action, CallId, Flow, Input, Observer, Progress, TransportError};
use crate::endpoint::api_request::ApiRequest;
use crate::model::error::ChunkNumber;
use crate::model::ret::Ret;
use crate::model::step::Step;
use crate::wire::reply;

/// An [`Observer`] that reports each exchange when it is over. It contains the details that a bug
/// report needs, but no value that was sent or received. An unfinished exchange is reported when
/// the trace is dropped.
///
/// ```
/// use wx_proto::flow::{ExchangeSummary, Trace};
///
/// let trace = Trace::new(|exchange: &ExchangeSummary| println!("{exchange:?}"));
/// ```
#[derive(Debug)]
pub struct Trace<T: FnMut(&ExchangeSummary)> {
    report: T,
    exchange: Option<Exchange>,
}

/// A summary of one exchange: the name of the call, sizes, codes and times. It reveals nothing
/// about the login, the media or the people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExchangeSummary {
    /// The step of the job.
    pub step: Step,
    /// The name of the call on the wire.
    pub endpoint: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The chunk that the request carried.
    pub chunk: Option<ChunkNumber>,
    /// The number of the try, from 1; `None` for pings, preflights and notifications,
    /// which are made once.
    pub attempt: Option<u32>,
    /// The length of the request's body in bytes.
    pub request_bytes: u64,
    /// The HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// The bytes received of the reply's body.
    pub reply_bytes: u64,
    /// The Ret of the reply, if it has one.
    pub ret: Option<Ret>,
    /// The network error, if any. An exchange with neither this nor a status was abandoned.
    pub error: Option<TransportError>,
    /// The time from [`Action::Send`] to the last input of the exchange.
    pub duration: Duration,
}

/// The exchange in progress.
struct Exchange {
    id: CallId,
    begun: Duration,
    summary: ExchangeSummary,
    head: Option<Parts>,
    /// The body of the reply, as long as it may be JSON.
    body: BytesMut,
}

/// Shows the summary, because head and body contain secrets.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary.fmt(f)
    }
}

/// No reply with a Ret is larger; images are.
const SMALL: usize = 64 * 1024;

impl<T: FnMut(&ExchangeSummary)> Trace<T> {
    /// Calls `report` after each exchange.
    pub fn new(report: T) -> Self {
        Self { report, exchange: None }
    }

    fn end(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            (self.report)(&exchange.summary());
        }
    }
}

impl Exchange {
    fn new(id: CallId, request: &ApiRequest, progress: &Progress, now: Duration) -> Self {
        let summary = ExchangeSummary {
            step: progress.step,
            endpoint: request.endpoint(),
            method: request.http().method().clone(),
            chunk: progress.chunk,
            attempt: progress.attempt,
            request_bytes: request.http().body().content_len(),
            status: None,
            reply_bytes: 0,
            ret: None,
            error: None,
            duration: Duration::ZERO,
        };
        Self { id, begun: now, summary, head: None, body: BytesMut::new() }
    }

    /// Returns whether `id` is this call, polled again before its first input. After an input, the
    /// id belongs to another call, of a flow that drives several flows.
    fn awaits_head(&self, id: CallId) -> bool {
        self.id == id && self.summary.status.is_none() && self.summary.error.is_none()
    }

    fn record(&mut self, input: &Input, now: Duration) {
        match input {
            Input::Head(_, head) => {
                self.summary.status = Some(head.status.as_u16());
                self.head = Some(head.clone());
            }
            Input::Body(_, bytes) => {
                self.summary.reply_bytes += bytes.len() as u64;
                if self.summary.reply_bytes <= SMALL as u64 {
                    self.body.extend_from_slice(bytes);
                }
            }
            Input::Failed(_, error) => self.summary.error = Some(*error),
            Input::End(_) => {}
            Input::Read(_) | Input::Written | Input::Saved | Input::Local(_) => return,
        }
        self.summary.duration = now.saturating_sub(self.begun);
    }

    fn summary(self) -> ExchangeSummary {
        let ret = self
            .head
            .and_then(|head| reply::ret(&Response::from_parts(head, Bytes::from(self.body))));
        ExchangeSummary { ret, ..self.summary }
    }
}

impl<F: Flow + ?Sized, T: FnMut(&ExchangeSummary)> Observer<F> for Trace<T> {
    fn on_action(&mut self, flow: &F, action: &Action<F::Output>, now: Duration) {
        match action {
            Action::Receive(_) | Action::Write(..) => {}
            Action::Send(id, _) if self.exchange.as_ref().is_some_and(|it| it.awaits_head(*id)) => {
            }
            Action::Send(id, request) => {
                self.end();
                self.exchange = Some(Exchange::new(*id, request, &flow.progress(), now));
            }
            Action::Read(_) | Action::Save(_) | Action::Wait(_) | Action::Done(_) => self.end(),
        }
    }

    fn on_input(&mut self, input: &Input, now: Duration) {
        if let Some(exchange) = &mut self.exchange {
            exchange.record(input, now);
        }
    }
}

impl<T: FnMut(&ExchangeSummary)> Drop for Trace<T> {
    fn drop(&mut self) {
        self.end();
    }
}
