//! A call of a job that waits for somebody, and so outlives trouble with the network: it is made
//! anew, with growing waits, for as long as its job wants.

use std::time::Duration;

use super::exchange::{Attempt, AttemptResult};
use super::{Action, CallId, Input, Progress, UnexpectedInput};
use crate::endpoint::LIST_LIMIT;
use crate::endpoint::api_request::ApiRequest;
use crate::model::error::ErrorKind;
use crate::model::policy::Policy;
use crate::model::request_error::RequestError;

/// A call that was answered sooner was not held.
const HELD: Duration = Duration::from_secs(1);
/// So many in a row are no trouble yet.
const HASTY: u32 = 4;

#[derive(Debug)]
pub(super) struct Patient {
    exchange: Option<Attempt>,
    next_id: CallId,
    /// Tries in a row that failed, and how the last one did.
    failures: u32,
    last_error: Option<ErrorKind>,
    /// Answers in a row that announced something and brought nothing.
    broken_promises: u32,
    wait_until: Option<Duration>,
    /// When the current call was made, and how many in a row were answered at once with nothing.
    made: Duration,
    hasty: u32,
}

impl Patient {
    pub(super) fn new(next_id: CallId) -> Self {
        Self {
            exchange: None,
            next_id,
            failures: 0,
            last_error: None,
            broken_promises: 0,
            wait_until: None,
            made: Duration::ZERO,
            hasty: 0,
        }
    }

    /// `make` gives the request of a new try.
    pub(super) fn poll<T>(
        &mut self,
        now: Duration,
        make: impl FnOnce() -> Result<ApiRequest, RequestError>,
    ) -> Result<Action<T>, RequestError> {
        if let Some(until) = self.wait_until.filter(|until| now < *until) {
            return Ok(Action::Wait(until));
        }
        self.wait_until = None;
        if self.exchange.is_none() {
            self.exchange = Some(Attempt::new(self.next_id, make()?, LIST_LIMIT));
            self.made = now;
        }
        Ok(self.exchange.as_mut().map_or(Action::Wait(now), Attempt::poll))
    }

    /// `None` while the reply is still coming in. The call is over then, and the next poll makes
    /// another.
    pub(super) fn handle(
        &mut self,
        input: Input,
    ) -> Result<Option<AttemptResult>, UnexpectedInput> {
        let exchange = self.exchange.as_mut().ok_or(UnexpectedInput)?;
        let ended = exchange.handle(input)?;
        if ended.is_some() {
            self.next_id = exchange.id().next();
            self.exchange = None;
        }
        Ok(ended)
    }

    /// Whether no call is under way.
    pub(super) fn is_between(&self) -> bool {
        self.exchange.is_none()
    }

    /// The last try failed: the next one waits.
    pub(super) fn failed(&mut self, kind: ErrorKind, now: Duration, policy: &Policy) {
        self.failures = self.failures.saturating_add(1);
        self.last_error = Some(kind);
        self.wait(self.failures, now, policy);
    }

    pub(super) fn went_well(&mut self) {
        (self.failures, self.last_error) = (0, None);
    }

    /// There was nothing. A server that says so again and again without holding the call is not
    /// asked without a pause.
    pub(super) fn nothing(&mut self, now: Duration, policy: &Policy) {
        self.went_well();
        self.broken_promises = 0;
        self.hasty =
            if now.saturating_sub(self.made) < HELD { self.hasty.saturating_add(1) } else { 0 };
        if self.hasty > HASTY {
            self.wait_until = Some(now.saturating_add(policy.back_off));
        }
    }

    /// The server announced something and had nothing. It was answered, but a server that does so
    /// without end is asked with growing waits.
    pub(super) fn nothing_after_all(&mut self, now: Duration, policy: &Policy) {
        self.went_well();
        self.broken_promises = self.broken_promises.saturating_add(1);
        self.wait(self.broken_promises, now, policy);
    }

    fn wait(&mut self, tries: u32, now: Duration, policy: &Policy) {
        let wait = policy.back_off_after(tries).min(policy.longest_back_off);
        self.wait_until = Some(now.saturating_add(wait));
    }

    /// The number of the try, from 1.
    pub(super) fn tries(&self) -> u32 {
        self.failures.saturating_add(1)
    }

    /// A step at its current try.
    pub(super) fn progress(&self, at: Progress) -> Progress {
        at.with_try(self.tries(), self.last_error.as_ref())
    }

    pub(super) fn next_id(&self) -> CallId {
        self.next_id
    }
}
