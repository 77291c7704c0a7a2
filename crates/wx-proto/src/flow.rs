//! Flows: state machines that decide which request is sent next, when, and how often. A driver
//! performs their I/O.
//!
//! ```text
//!               ┌────────────────────── poll(session, now) ──────────────────────┐
//!               ▼                                                                │
//!   Read(span) ─── read the caller's media ─────────────── Read(bytes) ───┐      │
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
//! 1. [`Flow::poll`] does no I/O, reads no clock and draws no randomness. It borrows the session of
//!    the login that the job began in. It takes microseconds, so several flows can share one
//!    session that is locked for each poll. Slower work (hashing, inflating, parsing JSON) happens
//!    in [`Flow::handle`], without the session. `now` is the time since any fixed point, which must
//!    be the same for the whole life of the flow. It never goes back, and it includes the time that
//!    the computer sleeps, because a message must not leave late. A monotonic clock may leave that
//!    time out. Therefore advance `now` by the monotonic or the wall-clock time that has passed,
//!    whichever is larger.
//! 2. One action is outstanding at a time; there is no queue to drain. Progress is a getter.
//! 3. Until [`Flow::handle`] is called, `poll` returns the outstanding action unchanged: same
//!    [`CallId`], same bytes, same ids. The request of a try is made when the try begins and stays
//!    the same until it ends, even if the session changes. A request *leaves* when `poll` returns
//!    it as [`Action::Send`], because the driver may send it from then on. Messages are therefore
//!    an exception: each further poll that returns a message counts as one of its tries and marks
//!    it as possibly delivered. When the tries are used up, `poll` is `Done` with
//!    [`ErrorKind::Uncertain`](crate::ErrorKind).
//! 4. An input carries the [`CallId`] that it belongs to. A stale or unexpected input returns
//!    [`UnexpectedInput`] and changes nothing.
//! 5. `UnexpectedInput` is only for bugs of the driver. Everything that the outside world can cause
//!    (a file that shrinks, an endless reply, an unusual status) is an outcome of the flow.
//! 6. Changes that a reply makes to the session are applied at the next poll: the cookies of every
//!    reply that passes its checks, for the origin that its request went to, a new skey, and the
//!    sync position. Cookies of refusals and error pages are not applied. A batch of messages
//!    counts only if the session is still at the position that the batch was requested for.
//!    Otherwise another stream already has it, and the flow requests it again. A batch that a flow
//!    has returned is outstanding until [`Session::acknowledge`](crate::Session::acknowledge) is
//!    called, and the saved session is positioned before the oldest outstanding batch.
//! 7. Dropping the driver between any two steps loses at most one try. Another driver can poll the
//!    flow and continue. It answers [`Action::Receive`] with `Failed` if it does not have that
//!    reply.
//! 8. The flow enforces the limits of reply bytes, image bytes and tries, so a driver cannot forget
//!    them. Zero is a number and does not mean "unlimited".
//! 9. Each reply is checked in one order: the HTTP status, then JSON (whatever its Content-Type
//!    says), then Ret, and only then MediaId or MsgID. The tries of a chunk start again at 1 when
//!    the previous chunk has been acknowledged. A 206 is an error for an image, because no request
//!    has a range.
//! 10. Whether a call is retried depends on its error: whether the error is transient, whether the
//!     request may have been delivered, and whether the server limits the rate. Ret 1205 is never
//!     retried.
//! 11. If a reused connection was closed before any byte of a reply
//!     ([`TransportError::on_reused_connection`]), the next `poll` returns the same request again
//!     at once, for a new connection and with its own [`CallId`]. That repeat belongs to the same
//!     try and happens once per try: if it fails too, in any way, the try has failed. The first
//!     request may have been delivered, so a message leaves again only within
//!     [`Policy::resend_within`](crate::Policy::resend_within).
//! 12. A checkpointed job stores each new state with [`Action::Save`], before any other action
//!     (including `Done`) that the state records: each time before its message leaves, and after a
//!     refusal. A finished upload is saved as a message that has not left. A sent message has no
//!     state to save, because the output of the job says everything. If a state cannot be stored,
//!     nothing more leaves, and the job ends with the error or, if its message may have been
//!     delivered, as uncertain. An outstanding `Save` does not put the message in doubt.
//!     [`Flow::cancel`] during a `Save` saves the actual state again.
//! 13. A job belongs to the login that it began in. If it is polled with the session of another
//!     login, or of none, it ends as [`ErrorKind::LoginChanged`](crate::ErrorKind), or as uncertain
//!     if its message may have been delivered. Only [`Login`] is exempt: it works on a separate
//!     session, which replaces the borrowed one when the login has succeeded.
//!
//! # What a driver must do
//!
//! - Follow no redirects. The core never does, because a redirect would carry the login to another
//!   host.
//! - Keep no cookies. The session keeps them, and requests already contain them.
//! - Send each request once and unchanged: add no headers except those of the transport, and do not
//!   retry.
//! - Decode nothing, neither gzip nor character sets. Only HTTP framing, such as chunked encoding,
//!   is removed.
//! - Pass on the head and the body of every reply, including 4xx and 5xx.
//! - Obey all [`Limits`](crate::Limits) of the request: its proxy and new-connection settings, and
//!   its time limits, which apply from when the driver receives the request until the reply is
//!   complete. Give up with [`TransportErrorKind::Stalled`]
//!   - when no byte has moved for [`stall`](crate::Limits::stall). The head of a reply may count as
//!     one byte, because many HTTP clients do not show it before it is complete;
//!   - when the exchange has lasted for [`give_up_after`](crate::Limits::give_up_after) of the body
//!     bytes that it has moved. Other bytes do not count: an endless head, 1xx replies, chunk
//!     extensions and trailers do not keep an exchange alive.
//! - Limit the size of a reply's head. The flow refuses heads above
//!   [`max_head`](crate::Limits::max_head) and [`max_headers`](crate::Limits::max_headers); a
//!   driver has to stop reading somewhere above these.
//! - Report why a request failed with the matching constructor of [`TransportError`]; if in doubt,
//!   with [`TransportError::on_the_way`].

mod call;
mod chain;
mod checkpoints;
mod clock;
mod cookies;
mod fetch;
mod job;
mod list_contacts;
mod list_rooms;
mod login;
mod login_state;
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
mod send_message;
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
pub use crate::session::new_messages::NewMessages;
pub use crate::session::outstanding::BatchReceipt;
pub use fetch::{Fetch, FetchAvatar, FetchImage};
pub use list_contacts::{ListContacts, ListedContacts};
pub use list_rooms::{ListRooms, ListedRooms};
pub use login::Login;
pub use login_state::LoginState;
pub use logout::Logout;
pub use next_messages::NextMessages;
pub use observer::Observer;
pub use one_call::OneCall;
pub use progress::Progress;
pub use restore::Restore;
pub use send_message::SendMessage;
pub use snapshot::{ResumeError, ResumeOptions, Snapshot};
pub use trace::{ExchangeSummary, Trace};
pub use upload::Upload;

/// A job that a driver runs. The docs of the [module](self) state the contract.
pub trait Flow {
    /// The result of the job.
    type Output;

    /// Returns the action to perform next, at the time `now`.
    fn poll(&mut self, session: &mut Session, now: Duration) -> Action<Self::Output>;

    /// Handles the answer to the outstanding action.
    ///
    /// # Errors
    /// Returns [`UnexpectedInput`] if `input` does not answer that action, which is a bug of the
    /// driver. In that case the flow is unchanged.
    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput>;

    /// Returns the progress of the job.
    fn progress(&self) -> Progress;

    /// Returns the state of the job, to be saved and resumed later. Returns `None` for jobs that
    /// cannot be resumed, and for a sent message.
    fn snapshot(&self) -> Option<Snapshot> {
        None
    }

    /// Ends the job: from now on `poll` is `Done`. A message that has left and has no clear reply
    /// yet ends as [`ErrorKind::Uncertain`](crate::ErrorKind), everything else as
    /// [`ErrorKind::Cancelled`](crate::ErrorKind). A job that is already done is unchanged.
    fn cancel(&mut self);

    /// Handles a complete reply, for drivers whose HTTP client returns complete replies. It passes
    /// `Head`, `Body` and `End` to the flow, unless the flow stops earlier, and calls `write` for
    /// each [`Action::Write`] in between. The next [`Flow::poll`] returns the action after the
    /// reply.
    ///
    /// # Errors
    /// Returns [`UnexpectedInput`] if no such call is outstanding.
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
        if self.progress().in_doubt {
            // A poll could return the message again, for example if the head is refused.
            self.handle(Input::Head(id, head), now)?;
            let rest = [Input::Body(id, body), Input::End(id)];
            // The rest of a refused reply is not needed.
            let _ = rest.into_iter().try_for_each(|input| self.handle(input, now));
            return Ok(());
        }
        self.handle(Input::Head(id, head), now)?;
        let mut body = Some(body);
        loop {
            let input = match self.poll(session, now) {
                Action::Receive(_) => match body.take().filter(|body| !body.is_empty()) {
                    Some(bytes) => Input::Body(id, bytes),
                    // The next action must not be polled here, because it may be a message.
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

/// The next action of the driver.
#[derive(Clone)]
#[must_use]
pub enum Action<T> {
    /// Read this range of the caller's media and answer with [`Input::Read`], with as many of the
    /// bytes as exist. The range may reach one byte past the end, so that a file that has grown is
    /// noticed.
    Read(Range<u64>),
    /// Send this request and answer with [`Input::Head`] as soon as the head of the reply has
    /// arrived.
    Send(CallId, ApiRequest),
    /// Receive the next piece of the reply to this call: [`Input::Body`] or [`Input::End`].
    Receive(CallId),
    /// Write these bytes at this offset of the caller's sink and answer with [`Input::Written`].
    /// Offset 0 starts over: discard the previous content of the sink.
    Write(u64, Bytes),
    /// Store this state of the job, and answer with [`Input::Saved`] once it would survive a crash.
    /// Only a [checkpointed](SendMessage::checkpointed) job uses it. If the state cannot be stored,
    /// answer with [`Input::Local`]: nothing more leaves, and the job ends.
    Save(Snapshot),
    /// Wait until `now` reaches this time, then poll again. This action needs no input.
    Wait(Duration),
    /// The job is over. Further polls return the same action.
    Done(T),
}

impl<T> Action<T> {
    /// Returns the output if the flow is done. Otherwise returns the action with another output
    /// type, for a flow that drives this one.
    ///
    /// # Errors
    /// Returns the action, unless it is [`Action::Done`].
    #[expect(clippy::result_large_err, reason = "an action, which is passed on at once")]
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
    /// To `Read`: the bytes. If there are fewer than requested, the source ends there.
    Read(Bytes),
    /// To `Send`: the head of the reply.
    Head(CallId, http::response::Parts),
    /// To `Receive`: some bytes of the reply's body, unchanged (still gzipped, if they are
    /// gzipped).
    Body(CallId, Bytes),
    /// To `Receive`: the body is complete.
    End(CallId),
    /// To `Write`: the bytes were written.
    Written,
    /// To `Save`: the state was stored.
    Saved,
    /// To `Send` or `Receive`: there is no reply, or the rest of it is missing.
    Failed(CallId, TransportError),
    /// To `Read`, `Write` or `Save`: the caller's source, sink or store failed.
    Local(SourceError),
}

/// Identifies one try of one request within a flow. A custom flow uses [`CallId::FIRST`] for its
/// first request, and the [next](CallId::next) id for each further one.
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

/// An input that does not answer the outstanding action, which is a bug of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnexpectedInput;

impl fmt::Display for UnexpectedInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the input does not answer the flow's outstanding action")
    }
}

impl std::error::Error for UnexpectedInput {}

/// Shows only kinds and sizes, like [`Input`].
impl<T: fmt::Debug> fmt::Debug for Action<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(span) => write!(f, "Read({span:?})"),
            Self::Send(id, request) => write!(f, "Send({}, {request:?})", id.0),
            Self::Receive(id) => write!(f, "Receive({})", id.0),
            Self::Write(at, bytes) => write!(f, "Write({at}, {} bytes)", bytes.len()),
            Self::Save(_) => f.write_str("Save"),
            Self::Wait(until) => write!(f, "Wait({until:?})"),
            Self::Done(output) => write!(f, "Done({output:?})"),
        }
    }
}

/// Shows only kinds and sizes, because heads contain cookies, and bodies may contain secrets.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(bytes) => write!(f, "Read({} bytes)", bytes.len()),
            Self::Head(id, head) => write!(f, "Head({}, {})", id.0, head.status.as_u16()),
            Self::Body(id, bytes) => write!(f, "Body({}, {} bytes)", id.0, bytes.len()),
            Self::End(id) => write!(f, "End({})", id.0),
            Self::Written => f.write_str("Written"),
            Self::Saved => f.write_str("Saved"),
            Self::Failed(id, error) => write!(f, "Failed({}, {error:?})", id.0),
            Self::Local(error) => write!(f, "Local({error:?})"),
        }
    }
}
