//! Pings and preflights: each tried once, whatever comes of it (P34, P48).

use std::collections::VecDeque;

use super::exchange::Attempt;
use super::{Action, CallId, Input, UnexpectedInput};
use crate::endpoint::api_request::ApiRequest;

/// Calls whose answers nobody looks at, one after the other.
#[derive(Clone, Debug)]
pub(super) struct SideCalls {
    queue: VecDeque<ApiRequest>,
    current: Option<Attempt>,
    next_id: CallId,
}

/// What little is read of an answer, so that a connection can be used again.
const CAP: u64 = 64 * 1024;

impl SideCalls {
    pub(super) fn new(next_id: CallId, calls: impl IntoIterator<Item = ApiRequest>) -> Self {
        Self { queue: calls.into_iter().collect(), current: None, next_id }
    }

    /// `None` when all are over.
    pub(super) fn poll<T>(&mut self) -> Option<Action<T>> {
        if self.current.is_none() {
            self.current = Some(Attempt::new(self.next_id, self.queue.pop_front()?, CAP));
        }
        self.current.as_mut().map(Attempt::poll)
    }

    pub(super) fn handle(&mut self, input: Input) -> Result<(), UnexpectedInput> {
        let current = self.current.as_mut().ok_or(UnexpectedInput)?;
        if current.handle(input)?.is_some() {
            self.next_id = current.id().next();
            self.current = None;
        }
        Ok(())
    }

    pub(super) fn next_id(&self) -> CallId {
        self.next_id
    }
}
