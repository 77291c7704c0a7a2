//! Flows: small machines that decide which exchange comes next, when, and how often. A driver obeys
//! them.
//!
//! ```text
//!               ┌────────────────────── poll(session, now) ──────────────────────┐
//!               ▼                                                                │
//!   Read(span) ─── read the caller's picture ───────────── Read(bytes) ───┐      │
//!   Send(id, r) ── send, wait for the head ── Head(id, h) | Failed(id, f) ┤      │
//!   Receive(id) ── next piece of that reply ── Body | End | Failed ───────┼─ handle(input, now)
//!   Write(at, b) ─ write to the caller's sink ──────────── Written ───────┤      │
//!   Save(state) ── store the state of the job ──────────── Saved ─────────┘      │
//!   Wait(until) ── sleep until then ─────────────────────────────────────────────┘
//!   Done(output)
//! ```
//!
//! # The contract
//!
//! 1. [`Flow::poll`] does no I/O, reads no clock, draws no randomness, and borrows the session of
//!    the login that the job began in. It takes microseconds: several flows can share one session
//!    that is locked for each poll. What takes longer (hashing, inflating, reading JSON) happens in
//!    [`Flow::handle`], without the session. `now` counts from any fixed point, the same for the
//!    whole life of a flow, and never goes back. It counts the time that the computer sleeps, which
//!    a monotonic clock may leave out: pass the larger of what that clock and the wall clock say has
//!    passed. What must not leave late, such as a message, depends on it.
//! 2. One action is outstanding at a time; there is nothing to drain. Progress is a getter.
//! 3. Until [`Flow::handle`] is called, `poll` hands out the outstanding action unchanged: same
//!    [`CallId`], same bytes, same ids. The request of a try is made when the try begins and stays
//!    the same until it ends, whatever becomes of the session. One exception: the message. Each
//!    further hand-out of a message counts as one of its tries and marks it as possibly delivered;
//!    when the tries are used up, `poll` is `Done` with
//!    [`ErrorKind::Uncertain`](crate::ErrorKind).
//! 4. An input carries the [`CallId`] that it belongs to. One that is stale or does not fit gives
//!    [`UnexpectedInput`] and changes nothing.
//! 5. `UnexpectedInput` is for bugs of the loop alone. What the world can do (a file that shrinks,
//!    an endless reply, an odd status) is an outcome.
//! 6. What a reply sets is taken at the next poll: the cookies of every reply that passes its gate,
//!    for the origin that its request went to, a new skey, the position in the messages. Cookies of
//!    refusals and error pages are not taken. A batch of messages counts only if the session is
//!    still at the position that it was asked for; otherwise another stream has it, and the flow
//!    asks again.
//! 7. Dropping the driver between any two steps loses one try at the most. A later driver polls and
//!    goes on; it answers [`Action::Receive`] of a reply that it does not hold with `Failed`.
//! 8. All limits live in the core: reply bytes, picture bytes, tries. A driver cannot forget them.
//!    Zero is a number, not "unlimited".
//! 9. Each reply passes one gate: HTTP status, JSON whatever its Content-Type, Ret, and only then
//!    MediaId or MsgID. The tries of a chunk start anew when the chunk before it has been
//!    acknowledged. A 206 is an error for a picture: nothing here asks for a range.
//! 10. A repeat is decided by class: can it be repeated, may it have been delivered, did the server
//!     say "slow down". Ret 1205 is never repeated.
//! 11. If a reused connection was closed before any byte of a reply
//!     ([`TransportError::on_reused_connection`]), the next `poll` hands the same request out again
//!     at once, for a new connection and under a [`CallId`] of its own. That repeat belongs to the
//!     same try and happens once per try: if it fails too, in whatever way, the try has failed.
//!     What went out first may have been delivered all the same, and a message is handed out again
//!     only within [`Policy::resend_within`](crate::Policy::resend_within).
//! 12. A job that was told to hand out its states asks with [`Action::Save`] for each new one, before
//!     any other action (`Done` included) that the state records: before its message leaves, each
//!     time, and after a refusal. Of a job that ends well nothing is left to save: its output says
//!     all. What could not be saved does not leave, and the job ends as what is certain. While a `Save` is outstanding the message is not in doubt;
//!     [`Flow::cancel`] in between saves the true state once more.
//! 13. A job belongs to the login that it began in. Lent the session of another login, or of none,
//!     it ends as [`ErrorKind::LoginChanged`](crate::ErrorKind), or as uncertain if its message is
//!     in doubt. Only [`Login`] is exempt: it works on a session of its own until it has succeeded,
//!     and then replaces the one that is lent.
//!
//! # What a driver must do
//!
//! - Follow no redirect. The core never does: a redirect would carry the login to another host.
//! - Keep no cookies. The session has its own, and adds them to the request.
//! - Send each request as it is, once: no headers beyond those of the transport, and no retries.
//! - Decode nothing: no gzip and no character set. Only the framing of HTTP, such as chunks, is
//!   removed.
//! - Pass on every status as a head, a 4xx or 5xx too, and its body.
//! - Obey all [`Limits`](crate::Limits) of the request: no proxy if they say so, a new connection
//!   if they say so, and its time limits, which hold from when the driver takes up the request
//!   until the reply is complete. Give up with [`TransportErrorKind::Stalled`]
//!   - when no byte has moved for [`stall`](crate::Limits::stall);
//!   - when the exchange has lasted for [`give_up_after`](crate::Limits::give_up_after) of the body
//!     bytes that it has moved, whatever else moves: a head without end, 1xx replies, chunk
//!     extensions and trailers do not keep an exchange alive.
//! - Read no head without end. The flow refuses heads above
//!   [`max_head`](crate::Limits::max_head) and [`max_headers`](crate::Limits::max_headers); a
//!   driver has to stop reading somewhere above these.
//! - Report how a request failed with the right constructor of [`TransportError`]; if in doubt,
//!   with [`TransportError::on_the_way`].

mod call;
mod checkpoints;
mod clock;
mod cookies;
mod fetch_image;
mod job;
mod list_contacts;
mod login;
mod logout;
mod message;
mod newtype;
mod next_messages;
mod observer;
mod one_call;
mod partial_reply;
mod progress;
mod remembered;
mod restore;
mod retry;
mod runner;
mod send_image;
mod snapshot;
mod trace;
mod upload;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use crate::endpoint::api_request::ApiRequest;
use crate::model::source_error::SourceError;
use crate::session::Session;

pub use crate::model::transport_error::{
    CertificateProblem, Delivery, ProxyProblem, TransportError, TransportErrorKind,
};
pub use fetch_image::FetchImage;
pub use list_contacts::{ListContacts, ListedContacts};
pub use login::{Login, LoginState};
pub use logout::Logout;
pub use message::SendUploaded;
pub use next_messages::{NewMessages, NextMessages};
pub use observer::Observer;
pub use one_call::OneCall;
pub use progress::Progress;
pub use restore::Restore;
pub use send_image::SendImage;
pub use snapshot::{ResumeError, ResumeOptions, Snapshot};
pub use trace::{ExchangeSummary, Trace};
pub use upload::Upload;

/// A job, seen from its driver. The [module](self) states the contract.
pub trait Flow {
    /// What the job ends with.
    type Output;

    /// The action that is due at `now`.
    fn poll(&mut self, session: &mut Session, now: Duration) -> Action<Self::Output>;

    /// Takes the answer to the outstanding action.
    ///
    /// # Errors
    /// [`UnexpectedInput`] if `input` does not answer it: a bug in the driver. The flow is
    /// unchanged then.
    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput>;

    /// How far the job is.
    fn progress(&self) -> Progress;

    /// The job as it can be saved and taken up again; `None` for jobs that cannot, and for those
    /// that are over.
    fn snapshot(&self) -> Option<Snapshot> {
        None
    }

    /// Ends the job now: from here on `poll` is `Done`. A message that was handed out and has no
    /// clear answer yet ends as [`ErrorKind::Uncertain`](crate::ErrorKind), everything else as
    /// [`ErrorKind::Cancelled`](crate::ErrorKind). A job that is done stays as it is.
    fn cancel(&mut self);

    /// Takes a whole reply at once, for drivers whose HTTP client hands out nothing smaller:
    /// `Head`, `Body` and `End`, for as long as the flow receives it. What the flow writes in
    /// between goes to `write`; the action after the reply is left to the next [`Flow::poll`].
    ///
    /// # Errors
    /// [`UnexpectedInput`] if no such call is outstanding.
    fn answer(
        &mut self,
        id: CallId,
        reply: http::Response<Bytes>,
        session: &mut Session,
        now: Duration,
        mut write: impl FnMut(u64, Bytes) -> Result<(), SourceError>,
    ) -> Result<(), UnexpectedInput>
    where
        Self: Sized,
    {
        let (head, body) = reply.into_parts();
        self.handle(Input::Head(id, head), now)?;
        let mut body = Some(body);
        loop {
            let input = match self.poll(session, now) {
                Action::Receive(_) => match body.take().filter(|body| !body.is_empty()) {
                    Some(bytes) => Input::Body(id, bytes),
                    // What comes after it, a message for example, must not be handed out here.
                    None => return self.handle(Input::End(id), now),
                },
                Action::Write(at, bytes) => {
                    write(at, bytes).map_or_else(Input::Local, |()| Input::Written)
                }
                _ => return Ok(()),
            };
            self.handle(input, now)?;
        }
    }
}

/// What a driver has to do next.
#[derive(Clone)]
#[must_use]
pub enum Action<T> {
    /// Read these bytes of the caller's picture and answer [`Input::Read`] with as many of them as
    /// there are. The span may reach one byte past the picture's end: a picture that has grown
    /// shows itself so.
    Read(Range<u64>),
    /// Send this request and answer [`Input::Head`] as soon as the head of the reply is there.
    Send(CallId, ApiRequest),
    /// Hand over the next piece of that call's reply: [`Input::Body`] or [`Input::End`].
    Receive(CallId),
    /// Write these bytes at this offset of the caller's sink and answer [`Input::Written`]. Offset
    /// 0 starts the picture over: what the sink holds by then must go.
    Write(u64, Bytes),
    /// Store this state of the job and answer [`Input::Saved`] once it is safe from a crash. Only a
    /// job that is [checkpointed](SendImage::checkpointed) asks for it. If it cannot be stored,
    /// answer [`Input::Local`]: then nothing more leaves, and the job ends.
    Save(Snapshot),
    /// Do nothing until `now` is this; then poll again. There is nothing to answer.
    Wait(Duration),
    /// The job is over. Polling again gives the same.
    Done(T),
}

impl<T> Action<T> {
    /// Returns the output if the flow is done, and otherwise the action, for a flow that drives
    /// another one inside of it.
    ///
    /// # Errors
    /// The action, unless it is [`Action::Done`].
    #[expect(clippy::result_large_err, reason = "it is an action, handed on at once")]
    pub fn into_done<U>(self) -> Result<T, Action<U>> {
        Err(match self {
            Self::Done(output) => return Ok(output),
            Self::Read(span) => Action::Read(span),
            Self::Send(id, request) => Action::Send(id, request),
            Self::Receive(id) => Action::Receive(id),
            Self::Write(at, bytes) => Action::Write(at, bytes),
            Self::Save(snapshot) => Action::Save(snapshot),
            Self::Wait(until) => Action::Wait(until),
        })
    }
}

/// The answer to an [`Action`].
#[derive(Clone)]
pub enum Input {
    /// To `Read`: what could be read. Less than was asked for means that the source ended there.
    Read(Bytes),
    /// To `Send`: the head of the reply.
    Head(CallId, http::response::Parts),
    /// To `Receive`: some bytes of the reply's body, as they came (still gzipped if they were).
    Body(CallId, Bytes),
    /// To `Receive`: the body is complete.
    End(CallId),
    /// To `Write`: the bytes are written.
    Written,
    /// To `Save`: the state is stored.
    Saved,
    /// To `Send` or `Receive`: there is no reply, or no more of it.
    Failed(CallId, TransportError),
    /// To `Read`, `Write` or `Save`: the caller's own source, sink or store failed.
    Local(SourceError),
}

/// Identifies one try of one request within a flow. A flow of your own begins with
/// [`CallId::FIRST`] and takes the [next](CallId::next) one for each request that it hands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u64);

impl CallId {
    /// The id of the first request.
    pub const FIRST: Self = Self(1);

    /// Returns the id after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// An input that does not answer the outstanding action: a bug in the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnexpectedInput;

impl fmt::Display for UnexpectedInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the input does not answer the flow's outstanding action")
    }
}

impl std::error::Error for UnexpectedInput {}

/// Shows kinds and sizes only, as for [`Input`].
impl<T: fmt::Debug> fmt::Debug for Action<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(span) => write!(f, "Read({span:?})"),
            Self::Send(id, outgoing) => write!(f, "Send({}, {outgoing:?})", id.0),
            Self::Receive(id) => write!(f, "Receive({})", id.0),
            Self::Write(at, bytes) => write!(f, "Write({at}, {} bytes)", bytes.len()),
            Self::Save(_) => f.write_str("Save"),
            Self::Wait(until) => write!(f, "Wait({until:?})"),
            Self::Done(output) => write!(f, "Done({output:?})"),
        }
    }
}

/// Shows kinds and sizes only: heads hold cookies, chunks hold pictures and tickets.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(bytes) => write!(f, "Read({} bytes)", bytes.len()),
            Self::Head(id, head) => write!(f, "Head({}, {})", id.0, head.status.as_u16()),
            Self::Body(id, bytes) => write!(f, "Body({}, {} bytes)", id.0, bytes.len()),
            Self::End(id) => write!(f, "End({})", id.0),
            Self::Written => f.write_str("Written"),
            Self::Saved => f.write_str("Saved"),
            Self::Failed(id, failure) => write!(f, "Failed({}, {failure:?})", id.0),
            Self::Local(error) => write!(f, "Local({error:?})"),
        }
    }
}
