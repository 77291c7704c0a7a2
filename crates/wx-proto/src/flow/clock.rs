use std::time::Duration;

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
