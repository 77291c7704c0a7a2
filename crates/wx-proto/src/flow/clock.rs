use std::time::Duration;

use crate::model::policy::Policy;

/// The wall clock of a job: known at one moment, carried on by `now`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    unix_ms: u64,
    started: Option<Duration>,
}

impl Clock {
    /// `unix_ms` is the time of the first poll.
    pub(super) fn new(unix_ms: u64) -> Self {
        Self { unix_ms, started: None }
    }

    pub(super) fn start(&mut self, now: Duration) {
        self.started.get_or_insert(now);
    }

    pub(super) fn unix_ms(&self, now: Duration) -> u64 {
        let since = now.saturating_sub(self.started.unwrap_or(now));
        self.unix_ms.saturating_add(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The moment at which something happens, and what it is judged by.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) now: Duration,
    pub(super) clock: &'a Clock,
    pub(super) policy: &'a Policy,
}
