//! A call that is repeated while it makes sense: a chunk or a check (P39, P51).

use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::exchange::{Ended, Exchange};
use super::{Action, CallId, Input, Misuse};
use crate::endpoint::{LIST_LIMIT, REPLY_LIMIT};
use crate::{Cause, Outgoing, Policy, ReplyError};

/// One call with its tries.
#[derive(Clone, Debug)]
pub(super) struct Repeating {
    exchange: Exchange,
    /// Counted from 1.
    tries: u32,
    /// Whether the request of any try was handed out twice.
    handed_out_again: bool,
    /// Set while waiting for the next try.
    wait_until: Option<Duration>,
}

impl Repeating {
    pub(super) fn new(id: CallId, outgoing: Outgoing) -> Self {
        Self {
            exchange: Exchange::new(id, outgoing, REPLY_LIMIT),
            tries: 1,
            handed_out_again: false,
            wait_until: None,
        }
    }

    /// With room for an answer that lists messages or contacts.
    pub(super) fn for_lists(self) -> Self {
        Self { exchange: self.exchange.with_cap(LIST_LIMIT), ..self }
    }

    pub(super) fn poll<T>(&mut self, now: Duration) -> Action<T> {
        match self.wait_until {
            Some(until) if now < until => Action::Wait(until),
            _ => {
                self.wait_until = None;
                if self.exchange.is_sending() {
                    self.handed_out_again |= self.exchange.is_handed_out() || self.exchange.is_repeat();
                }
                self.exchange.poll()
            }
        }
    }

    pub(super) fn tries(&self) -> u32 {
        self.tries
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
    ) -> Result<Option<Result<R, Cause>>, Misuse> {
        let Some(ended) = self.exchange.handle(input)? else { return Ok(None) };
        let (cause, repeatable) = match ended {
            Ended::Reply(reply) => match read(&reply) {
                Ok(good) => return Ok(Some(Ok(good))),
                Err(error) => {
                    let repeatable = is_passing(&error);
                    (Cause::Reply(error), repeatable)
                }
            },
            Ended::TooLarge(error) => (Cause::Reply(error), false),
            Ended::Failed(failure) => (Cause::Network { failure, tries: self.tries }, failure.is_passing()),
        };
        if !repeatable || self.tries >= policy.chunk_tries.max(1) {
            return Ok(Some(Err(cause)));
        }
        self.wait_until = Some(now.saturating_add(policy.back_off_after(self.tries)));
        self.exchange = self.exchange.again();
        self.tries += 1;
        Ok(None)
    }
}

/// Whether a bad answer may well be a good one next time. A Ret is final, as are pages, redirects and other statuses.
pub(super) fn is_passing(error: &ReplyError) -> bool {
    matches!(
        error,
        ReplyError::Status(502..=504) | ReplyError::Empty | ReplyError::Cut { .. } | ReplyError::CutJson
    )
}
