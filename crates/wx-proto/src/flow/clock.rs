use std::time::Duration;

use crate::model::policy::Policy;
use crate::model::unix_ms::UnixMs;

/// The wall clock of a job: the time of the first poll, advanced by `now`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: UnixMs,
    started: Option<Duration>,
}

impl Clock {
    /// Creates the clock of a job whose first poll is at `start`.
    pub(super) fn new(start: UnixMs) -> Self {
        Self { start, started: None }
    }

    pub(super) fn start(&mut self, now: Duration) {
        self.started.get_or_insert(now);
    }

    pub(super) fn time(&self, now: Duration) -> UnixMs {
        self.start.saturating_add(now.saturating_sub(self.started.unwrap_or(now)))
    }
}

/// The current time, with the clock and the policy of the job.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) now: Duration,
    pub(super) clock: &'a Clock,
    pub(super) policy: &'a Policy,
}
