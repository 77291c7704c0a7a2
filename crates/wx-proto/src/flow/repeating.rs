//! A call that is repeated while it makes sense: a chunk or a check (P39, P51).

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::exchange::{Attempt, AttemptResult};
use super::{Action, CallId, Input, Progress, UnexpectedInput};
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::{LIST_LIMIT, REPLY_LIMIT};
use crate::model::error::ErrorKind;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::ret::RetClass;

/// One call with its tries.
#[derive(Clone, Debug)]
pub(super) struct Repeating {
    exchange: Attempt,
    /// Counted from 1.
    tries: u32,
    /// Whether the request of any try was handed out twice.
    handed_out_again: bool,
    /// Why the last try failed.
    last_error: Option<ErrorKind>,
    /// Set while waiting for the next try.
    wait_until: Option<Duration>,
    /// How many tries there are; if not set, as many as of a chunk.
    most_tries: Option<u32>,
    is_transient: fn(&ReplyError) -> bool,
}

impl Repeating {
    pub(super) fn new(id: CallId, outgoing: ApiRequest) -> Self {
        Self {
            exchange: Attempt::new(id, outgoing, REPLY_LIMIT),
            tries: 1,
            handed_out_again: false,
            last_error: None,
            wait_until: None,
            most_tries: None,
            is_transient: is_passing,
        }
    }

    /// With room for an answer that lists messages or contacts.
    pub(super) fn for_lists(self) -> Self {
        Self { exchange: self.exchange.with_cap(LIST_LIMIT), ..self }
    }

    /// Repeats the call after these bad answers instead of those after which a chunk is repeated.
    pub(super) fn repeated_if(self, is_transient: fn(&ReplyError) -> bool) -> Self {
        Self { is_transient, ..self }
    }

    pub(super) fn with_tries(self, tries: u32) -> Self {
        Self { most_tries: Some(tries), ..self }
    }

    pub(super) fn poll<T>(&mut self, now: Duration) -> Action<T> {
        match self.wait_until {
            Some(until) if now < until => Action::Wait(until),
            _ => {
                self.wait_until = None;
                if self.exchange.is_sending() {
                    self.handed_out_again |=
                        self.exchange.is_handed_out() || self.exchange.is_repeat();
                }
                self.exchange.poll()
            }
        }
    }

    /// A step at its current try.
    pub(super) fn progress(&self, at: Progress) -> Progress {
        at.with_try(self.tries, self.last_error.as_ref())
    }

    /// Whether the request may have reached the server more than once.
    pub(super) fn repeated(&self) -> bool {
        self.tries > 1 || self.handed_out_again
    }

    /// The id after all that were used so far.
    pub(super) fn next_id(&self) -> CallId {
        self.exchange.id().next()
    }

    /// `None` while there is more to do; then what `read` made of the reply, or why there is none.
    pub(super) fn handle<R>(
        &mut self,
        input: Input,
        now: Duration,
        policy: &Policy,
        read: impl FnOnce(&Response<Bytes>) -> Result<R, ReplyError>,
    ) -> Result<Option<Result<R, ErrorKind>>, UnexpectedInput> {
        let Some(ended) = self.exchange.handle(input)? else { return Ok(None) };
        let (kind, repeatable) = match ended {
            AttemptResult::Reply(reply) => match read(&reply) {
                Ok(good) => return Ok(Some(Ok(good))),
                Err(error) => {
                    let repeatable = (self.is_transient)(&error);
                    (ErrorKind::Reply(error), repeatable)
                }
            },
            AttemptResult::TooLarge(error) => (ErrorKind::Reply(error), false),
            AttemptResult::Failed(failure) => {
                (ErrorKind::Network { failure, tries: self.tries }, failure.is_passing())
            }
        };
        let most_tries = self.most_tries.unwrap_or(policy.chunk_tries);
        if !repeatable || self.tries >= most_tries.max(1) {
            return Ok(Some(Err(kind)));
        }
        self.last_error = Some(kind);
        let wait = policy.back_off_after(self.tries).min(policy.longest_back_off);
        self.wait_until = Some(now.saturating_add(wait));
        self.exchange = self.exchange.again();
        self.tries += 1;
        Ok(None)
    }
}

/// Whether a bad answer may well be a good one next time. A Ret is final, as are pages, redirects
/// and other statuses.
pub(super) fn is_passing(error: &ReplyError) -> bool {
    matches!(
        error,
        ReplyError::Status(204 | 502..=504)
            | ReplyError::Empty
            | ReplyError::Cut { .. }
            | ReplyError::CutJson
    )
}

/// Whether the server has trouble, for calls that do no harm when they are made twice: besides
/// [`is_passing`], Ret −1, every 5xx, and the statuses that ask for another try.
pub(super) fn is_server_trouble(error: &ReplyError) -> bool {
    match error {
        ReplyError::Refused { ret, .. } => ret.class() == RetClass::Transient,
        ReplyError::Status(status) => matches!(status, 408 | 425 | 429 | 500..=599),
        error => is_passing(error),
    }
}

/// Whether an answer is no verdict of the server: it has trouble, or somebody on the way answers in
/// its place.
pub(super) fn is_no_verdict(error: &ReplyError) -> bool {
    let is_of_somebody_else = matches!(
        error,
        ReplyError::Html
            | ReplyError::NotJson
            | ReplyError::Redirect { .. }
            | ReplyError::Encoding(_)
    );
    is_of_somebody_else || is_server_trouble(error)
}
