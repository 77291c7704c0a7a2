//! One call with its tries: ids, retries, waits, and whether it may have been delivered.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::response::Parts;

use super::clock::Moment;
use super::partial_reply::PartialReply;
use super::remembered::Remembered;
use super::retry::{Retry, RetryMode, back_off};
use super::{Action, CallId, Input, Progress};
use crate::endpoint::api_request::ApiRequest;
use crate::model::error::ErrorKind;
use crate::model::reply_error::ReplyError;
use crate::model::transport_error::{Delivery, TransportError, TransportErrorKind};
use crate::model::unix_ms::UnixMs;

/// A call that is due, in flight, or waiting for its next try.
#[derive(Clone, Debug)]
pub(super) struct Call {
    retry: Retry,
    /// The id of the current try, or of its repeat on a new connection.
    id: CallId,
    /// The request of the current try, once it is made. It stays the same until the try ends.
    request: Option<ApiRequest>,
    /// Whether the request has left under this id: an [`Action::Send`] was returned.
    has_left: bool,
    reply: Option<PartialReply>,
    wait_until: Option<Duration>,
    /// Failed tries; for long polls, consecutive ones.
    failures: u32,
    /// Why the last try failed.
    last_error: Option<ErrorKind>,
    /// The number of times that a message has left. Each time counts as a try.
    sends: u32,
    /// Whether the request of any try has left twice.
    left_twice: bool,
    delivery: Remembered,
    poll: LongPoll,
}

/// Detects a server that does not hold long polls.
#[derive(Clone, Copy, Debug, Default)]
struct LongPoll {
    /// When the current try began.
    begun: Duration,
    /// Consecutive empty replies that arrived at once.
    fast_replies: u32,
    /// Consecutive replies that were empty although the long poll had announced something.
    empty_announced: u32,
}

/// Replies faster than this were not long-polled.
const MIN_LONG_POLL: Duration = Duration::from_secs(1);
/// Consecutive fast empty replies that are tolerated before the next call waits.
const MAX_FAST_REPLIES: u32 = 4;

/// The next step of a call.
pub(super) enum CallDue {
    Wait(Duration),
    /// Make the request of a new try.
    Make,
    /// Send the request.
    Send,
    Receive(CallId),
    /// The call has ended for good, for this reason.
    Over(ErrorKind),
}

/// The meaning of an input for the job.
pub(super) enum CallEvent {
    Nothing,
    Reply(Response<Bytes>),
    /// The head of a streamed reply.
    Head(Parts),
    Body(Bytes),
    End,
    Unusable(ReplyError),
    Failed(TransportError),
}

impl Call {
    /// Creates a call that has not begun. `id` is the id of its first try.
    pub(super) fn not_begun(id: CallId) -> Self {
        Self {
            retry: Retry::side_call(),
            id,
            request: None,
            has_left: false,
            reply: None,
            wait_until: None,
            failures: 0,
            last_error: None,
            sends: 0,
            left_twice: false,
            delivery: Remembered::default(),
            poll: LongPoll::default(),
        }
    }

    /// Begins another call. If the call is retried without limit, the failures of the previous call
    /// still count.
    pub(super) fn begin(&mut self, retry: Retry) {
        let before = std::mem::replace(self, Self::not_begun(self.unused_id()));
        self.retry = retry;
        if retry.is_endless() && before.retry.is_endless() {
            (self.failures, self.last_error) = (before.failures, before.last_error);
            self.poll = before.poll;
        }
    }

    /// Restores the state of a saved message. Returns an error if the message must not leave again.
    pub(super) fn remember(&mut self, delivery: Remembered, at: Moment<'_>) -> Option<ErrorKind> {
        self.delivery = delivery;
        self.delivery.is_late(at.now, at).then(|| self.uncertain())
    }

    pub(super) fn retry(&self) -> &Retry {
        &self.retry
    }

    pub(super) fn id(&self) -> CallId {
        self.id
    }

    /// Returns the request in flight, if the head of its reply has not arrived yet.
    pub(super) fn awaits_head(&self) -> Option<&ApiRequest> {
        self.request.as_ref().filter(|_| self.has_left && self.reply.is_none())
    }

    /// Records that the message leaves at `time`, whose state has been saved.
    pub(super) fn leaves_at(&mut self, time: Option<UnixMs>) {
        self.delivery.first_left = self.delivery.first_left.or(time);
    }

    /// Returns the first id that has not been used.
    pub(super) fn unused_id(&self) -> CallId {
        if self.request.is_some() || self.has_left { self.id.next() } else { self.id }
    }

    pub(super) fn due(&mut self, at: Moment<'_>) -> CallDue {
        if let Some(until) = self.wait_until.filter(|until| at.now < *until) {
            return CallDue::Wait(until);
        }
        self.wait_until = None;
        match (&self.request, &self.reply) {
            (None, _) => CallDue::Make,
            (Some(_), Some(_)) => CallDue::Receive(self.id),
            (Some(_), None) => {
                if self.retry.is_message() {
                    // It has already left and there is no reply, so it may have been delivered.
                    self.delivery.maybe |= self.has_left;
                    let used_up = !self.is_same_try() && self.sends >= self.retry.tries.max(1);
                    if used_up || self.delivery.is_late(at.now, at) {
                        return CallDue::Over(self.uncertain());
                    }
                }
                CallDue::Send
            }
        }
    }

    /// Returns whether this is the repeat on a new connection. It belongs to the try that failed on
    /// the reused one.
    fn is_same_try(&self) -> bool {
        !self.has_left && self.is_repeat()
    }

    fn is_repeat(&self) -> bool {
        self.request.as_ref().is_some_and(|request| request.limits().new_connection)
    }

    /// Sets the request of a new try.
    pub(super) fn made(&mut self, request: ApiRequest, at: Moment<'_>) {
        self.request = Some((self.retry.limit)(request, at.policy));
        self.poll.begun = at.now;
    }

    pub(super) fn send<T>(&mut self, at: Moment<'_>) -> Action<T> {
        let Some(request) = self.request.clone() else { return Action::Wait(at.now) };
        self.left_twice |= self.has_left || self.is_repeat();
        if self.retry.is_message() {
            self.sends += u32::from(!self.is_same_try());
            self.delivery.first_left.get_or_insert(at.clock.time(at.now));
        }
        self.has_left = true;
        Action::Send(self.id, request)
    }

    /// Returns whether the request may have reached the server more than once.
    pub(super) fn repeated(&self) -> bool {
        self.failures > 0 || self.left_twice
    }

    /// Returns the number of the try, from 1; for a message, how often it has left.
    pub(super) fn tries(&self) -> u32 {
        if self.retry.is_message() { self.sends } else { self.failures.saturating_add(1) }
    }

    pub(super) fn progress(&self, at: Progress) -> Progress {
        if self.retry.mode == RetryMode::Once {
            return at;
        }
        let attempt = Some(self.tries()).filter(|tries| *tries > 0);
        at.with_try(attempt, self.last_error.as_ref())
    }

    pub(super) fn in_doubt(&self) -> bool {
        self.retry.is_message() && (self.has_left || self.delivery.maybe)
    }

    /// Returns when the message first left, if it may have been delivered.
    pub(super) fn first_left(&self) -> Option<UnixMs> {
        self.delivery.first_left
    }

    /// Handles an input. Returns `None` if it does not answer the outstanding action of this call.
    pub(super) fn take_input(&mut self, input: Input) -> Option<CallEvent> {
        let request = self.request.as_ref().filter(|_| self.has_left)?;
        Some(match (input, &mut self.reply) {
            (Input::Head(id, head), None) if id == self.id && !request.limits().admit(&head) => {
                let error = TransportError::on_the_way(TransportErrorKind::Protocol);
                CallEvent::Failed(request.failed(error))
            }
            (Input::Head(id, head), reply @ None) if id == self.id => {
                if self.retry.streamed {
                    *reply = Some(PartialReply::new(Response::new(()).into_parts().0));
                    return Some(CallEvent::Head(head));
                }
                *reply = Some(PartialReply::new(head));
                CallEvent::Nothing
            }
            (Input::Body(id, bytes), Some(_)) if id == self.id && self.retry.streamed => {
                CallEvent::Body(bytes)
            }
            (Input::Body(id, bytes), Some(reply)) if id == self.id => {
                if (reply.len() + bytes.len()) as u64 > self.retry.cap {
                    return Some(CallEvent::Unusable(ReplyError::TooLarge {
                        limit: self.retry.cap,
                    }));
                }
                reply.add(bytes);
                CallEvent::Nothing
            }
            (Input::End(id), Some(_)) if id == self.id && self.retry.streamed => CallEvent::End,
            (Input::End(id), reply @ Some(_)) if id == self.id => {
                reply.take().map_or(CallEvent::Nothing, |reply| CallEvent::Reply(reply.complete()))
            }
            (Input::Failed(id, error), None) if id == self.id && request.is_due_again(error) => {
                // The request on the reused connection may have been delivered.
                self.delivery.maybe |= self.retry.is_message();
                self.request = Some(request.clone().with_new_connection(true));
                (self.id, self.has_left) = (self.id.next(), false);
                CallEvent::Nothing
            }
            (Input::Failed(id, error), reply) if id == self.id => {
                // A reply has begun, so the request was delivered, whatever the driver reports.
                let error = match reply {
                    Some(_) => TransportError::on_the_way(error.kind),
                    None => error,
                };
                CallEvent::Failed(request.failed(error))
            }
            _ => return None,
        })
    }

    /// Schedules the next try after a network failure, or returns the error if there is none.
    pub(super) fn failed(
        &mut self,
        error: TransportError,
        at: Moment<'_>,
    ) -> Result<(), ErrorKind> {
        let kind = ErrorKind::Network { error, tries: self.tries() };
        let repeatable = self.retry.outlives(error);
        self.schedule_retry(kind, error.delivery, repeatable, Duration::ZERO, at)
    }

    /// Schedules the next try after a reply that cannot be used, not before `at_least` has passed,
    /// or returns the error if there is none.
    pub(super) fn unusable(
        &mut self,
        error: ReplyError,
        at_least: Duration,
        at: Moment<'_>,
    ) -> Result<(), ErrorKind> {
        if self.retry.is_message() && matches!(error, ReplyError::Refused { .. }) {
            // The server refused this try only. An earlier one may have been delivered.
            self.has_left = false;
            return Err(self.ended(error.into()));
        }
        let repeatable = (self.retry.repeats)(&error);
        self.schedule_retry(error.into(), Delivery::Unknown, repeatable, at_least, at)
    }

    fn schedule_retry(
        &mut self,
        kind: ErrorKind,
        delivered: Delivery,
        repeatable: bool,
        at_least: Duration,
        at: Moment<'_>,
    ) -> Result<(), ErrorKind> {
        self.has_left = false;
        if self.retry.is_message() {
            self.delivery.maybe |= delivered == Delivery::Unknown;
            if !self.delivery.maybe {
                self.delivery.first_left = None;
            }
        }
        let tries = self.tries();
        let wait = match self.retry.mode {
            RetryMode::Message if delivered == Delivery::Unknown => at.policy.message_wait,
            RetryMode::Message => at.policy.back_off_after(tries),
            RetryMode::Constant => at.policy.back_off,
            _ => back_off(at.policy, tries),
        };
        let next = at.now.saturating_add(wait.max(at_least));
        if !repeatable || tries >= self.retry.tries.max(1) || self.delivery.is_late(next, at) {
            return Err(self.ended(kind));
        }
        self.failures = self.failures.saturating_add(1);
        self.last_error = Some(kind);
        self.next_try(Some(next));
        Ok(())
    }

    /// Handles an empty reply. If the server keeps sending them without holding the call, the next
    /// call waits.
    pub(super) fn idle(&mut self, retry: Retry, at: Moment<'_>) {
        self.reset_failures();
        self.poll.empty_announced = 0;
        let held = at.now.saturating_sub(self.poll.begun) >= MIN_LONG_POLL;
        self.poll.fast_replies = if held { 0 } else { self.poll.fast_replies.saturating_add(1) };
        let wait = (self.poll.fast_replies > MAX_FAST_REPLIES)
            .then(|| at.now.saturating_add(at.policy.back_off));
        self.retry = retry;
        self.next_try(wait);
    }

    /// Handles a reply that was empty although the long poll had announced something. This is not a
    /// failure, but if it happens again and again, the waits before the next call grow.
    pub(super) fn pause(&mut self, retry: Retry, at: Moment<'_>) {
        self.reset_failures();
        self.poll.empty_announced = self.poll.empty_announced.saturating_add(1);
        let wait = back_off(at.policy, self.poll.empty_announced);
        self.retry = retry;
        self.next_try(Some(at.now.saturating_add(wait)));
    }

    pub(super) fn reset_failures(&mut self) {
        (self.failures, self.last_error) = (0, None);
    }

    fn next_try(&mut self, wait_until: Option<Duration>) {
        self.release();
        self.wait_until = wait_until;
    }

    /// Drops the request and the reply of the last try. The driver can then read the next chunk
    /// into the same memory.
    pub(super) fn release(&mut self) {
        self.id = self.unused_id();
        (self.request, self.reply, self.has_left) = (None, None, false);
    }

    /// Returns the error of a job that is abandoned now.
    pub(super) fn abandoned(&mut self, otherwise: ErrorKind) -> ErrorKind {
        if self.in_doubt() { self.uncertain() } else { self.ended(otherwise) }
    }

    /// Returns the error of a call that ends with `kind`.
    fn ended(&mut self, kind: ErrorKind) -> ErrorKind {
        if self.in_doubt() {
            self.last_error = Some(kind);
            self.uncertain()
        } else {
            self.delivery.first_left = None;
            kind
        }
    }

    fn uncertain(&self) -> ErrorKind {
        let last = self.last_error.clone().map(Box::new);
        ErrorKind::Uncertain { last, tries: self.sends.max(1) }
    }
}
