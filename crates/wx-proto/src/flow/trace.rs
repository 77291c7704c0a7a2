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

/// An [`Observer`] that tells of each exchange when it is over: what a bug report needs, and no
/// value that was sent or received. One that was left in the middle is told of when this is dropped.
///
/// ```
/// use wx_proto::flow::{ExchangeSummary, Trace};
///
/// let trace = Trace::new(|exchange: &ExchangeSummary| println!("{exchange:?}"));
/// ```
#[derive(Debug)]
pub struct Trace<T: FnMut(&ExchangeSummary)> {
    tell: T,
    call: Option<Call>,
}

/// One exchange: the name of the call, sizes, codes and times. Whoever reads it learns nothing of
/// the login, the picture or the people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExchangeSummary {
    /// The step of the job.
    pub step: Step,
    /// The call's name on the wire.
    pub endpoint: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The chunk it carried.
    pub chunk: Option<ChunkNumber>,
    /// The number of the try, from 1; 0 if it is never repeated.
    pub attempt: u32,
    /// Length of the request's body.
    pub request_bytes: u64,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Bytes of the answer's body, as they came.
    pub reply_bytes: u64,
    /// The answer's Ret, if it has one.
    pub ret: Option<Ret>,
    /// How the network failed. Without a failure and without a status nobody waited for the answer.
    pub failure: Option<TransportError>,
    /// From the hand-out to the last thing that was heard.
    pub took: Duration,
}

/// The exchange that is under way.
struct Call {
    id: CallId,
    begun: Duration,
    told: ExchangeSummary,
    head: Option<Parts>,
    /// The answer's body, as long as it may be JSON.
    body: BytesMut,
}

/// Shows what is told: head and body hold secrets.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told.fmt(f)
    }
}

/// No answer with a Ret is larger; pictures are.
const SMALL: usize = 64 * 1024;

impl<T: FnMut(&ExchangeSummary)> Trace<T> {
    /// Calls `tell` after each exchange.
    pub fn new(tell: T) -> Self {
        Self { tell, call: None }
    }

    fn end(&mut self) {
        if let Some(call) = self.call.take() {
            (self.tell)(&call.told());
        }
    }
}

impl Call {
    fn new(id: CallId, outgoing: &ApiRequest, progress: &Progress, now: Duration) -> Self {
        let told = ExchangeSummary {
            step: progress.step,
            endpoint: outgoing.endpoint(),
            method: outgoing.http().method().clone(),
            chunk: progress.chunk,
            attempt: progress.attempt,
            request_bytes: outgoing.http().body().content_len(),
            status: None,
            reply_bytes: 0,
            ret: None,
            failure: None,
            took: Duration::ZERO,
        };
        Self { id, begun: now, told, head: None, body: BytesMut::new() }
    }

    fn hear(&mut self, input: &Input, now: Duration) {
        match input {
            Input::Head(_, head) => {
                self.told.status = Some(head.status.as_u16());
                self.head = Some(head.clone());
            }
            Input::Body(_, bytes) => {
                self.told.reply_bytes += bytes.len() as u64;
                if self.told.reply_bytes <= SMALL as u64 {
                    self.body.extend_from_slice(bytes);
                }
            }
            Input::Failed(_, failure) => self.told.failure = Some(*failure),
            Input::End(_) => {}
            Input::Read(_) | Input::Written | Input::Saved | Input::Local(_) => return,
        }
        self.told.took = now.saturating_sub(self.begun);
    }

    fn told(self) -> ExchangeSummary {
        let ret = self
            .head
            .and_then(|head| reply::ret(&Response::from_parts(head, Bytes::from(self.body))));
        ExchangeSummary { ret, ..self.told }
    }
}

impl<F: Flow + ?Sized, T: FnMut(&ExchangeSummary)> Observer<F> for Trace<T> {
    fn acted(&mut self, flow: &F, action: &Action<F::Output>, now: Duration) {
        match action {
            Action::Receive(_) | Action::Write(..) => {}
            Action::Send(id, _) if self.call.as_ref().is_some_and(|call| call.id == *id) => {}
            Action::Send(id, request) => {
                self.end();
                self.call = Some(Call::new(*id, request, &flow.progress(), now));
            }
            Action::Read(_) | Action::Save(_) | Action::Wait(_) | Action::Done(_) => self.end(),
        }
    }

    fn heard(&mut self, input: &Input, now: Duration) {
        if let Some(call) = &mut self.call {
            call.hear(input, now);
        }
    }
}

impl<T: FnMut(&ExchangeSummary)> Drop for Trace<T> {
    fn drop(&mut self) {
        self.end();
    }
}
