//! Limits the time that the attachments of a batch take, so that the login does not end meanwhile.

use std::time::{Duration, Instant};

use super::retry_until::PATIENCE;

/// What is left of the time for the attachments of a batch.
pub(super) struct BatchBudget {
    begun: Instant,
    longest: Duration,
    /// How long attachments that could not be fetched were retried.
    failing: Duration,
}

/// How long the attachments of a batch may take. A login lasts 12 hours after the last webwxsync,
/// and the commands of the batch need time, too.
const LONGEST: Duration = Duration::from_secs(4 * 3600);

impl BatchBudget {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), longest: LONGEST, failing: Duration::ZERO }
    }

    #[cfg(test)]
    pub(super) fn used_up() -> Self {
        Self { longest: Duration::ZERO, ..Self::new() }
    }

    /// Returns how long the next attachment is retried. Without patience it is tried once, or for
    /// a short time if the server does not have it yet. Returns `None` if it is not tried at all.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.patience_after(self.begun.elapsed())
    }

    fn patience_after(&self, elapsed: Duration) -> Option<Duration> {
        (elapsed < self.longest).then(|| PATIENCE.saturating_sub(self.failing))
    }

    /// Counts the time of an attachment that could not be fetched.
    pub(super) fn failed_for(&mut self, time: Duration) {
        self.failing = self.failing.saturating_add(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attachments_of_a_batch_share_the_patience() {
        let mut budget = BatchBudget::new();
        let one = Duration::from_secs(1);
        assert_eq!(budget.patience_after(one), Some(PATIENCE));
        budget.failed_for(PATIENCE - one);
        assert_eq!(budget.patience_after(one), Some(one));
        budget.failed_for(one * 2);
        assert_eq!(budget.patience_after(one), Some(Duration::ZERO));
        assert_eq!(budget.patience_after(LONGEST - one), Some(Duration::ZERO));
        assert_eq!(budget.patience_after(LONGEST), None);
    }
}
