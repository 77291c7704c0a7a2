//! Paces the uploads of a client.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::now;

/// Enforces a minimum time between the uploads of a client. Clones share it.
#[derive(Clone)]
pub(crate) struct Pacer {
    least: Duration,
    /// The time at which the next upload may start.
    next: Arc<Mutex<Duration>>,
}

/// The turn of one upload. The minimum time to the next upload begins when this is dropped.
#[derive(Debug)]
#[must_use = "it lasts as long as the upload"]
pub(crate) struct Turn<'a> {
    pacer: &'a Pacer,
    /// The time to wait before the upload starts.
    pub(crate) wait: Duration,
}

impl Pacer {
    /// Creates a pacer with this minimum time between uploads.
    pub(crate) fn new(least: Duration) -> Self {
        Self { least, next: Arc::default() }
    }

    /// Reserves the next turn. Concurrent calls queue up.
    pub(crate) fn turn(&self) -> Turn<'_> {
        let now = now();
        Turn { pacer: self, wait: self.begin(now) - now }
    }

    /// Returns the time at which an upload that is requested at `now` may start.
    fn begin(&self, now: Duration) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let start = now.max(*next);
        *next = start.saturating_add(self.least);
        start
    }

    fn end(&self, now: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = now.saturating_add(self.least).max(*next);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.pacer.end(now());
    }
}

impl fmt::Debug for Pacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pacer").field("least", &self.least).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn from_the_end_of_one_to_the_start_of_the_next() {
        let pace = Pacer::new(3 * S);
        assert_eq!(pace.begin(10 * S), 10 * S);
        pace.end(12 * S);
        assert_eq!(pace.begin(12 * S), 15 * S);
        pace.end(16 * S);
        assert_eq!(pace.begin(100 * S), 100 * S);
    }

    #[test]
    fn from_start_to_start_with_several_at_once() {
        let pace = Pacer::new(3 * S);
        let other = pace.clone();
        assert_eq!([pace.begin(S), other.begin(S), pace.begin(S)], [S, 4 * S, 7 * S]);
        // The first upload ends while the third still waits. The next one waits for the third.
        other.end(5 * S);
        assert_eq!(pace.begin(6 * S), 10 * S);
    }

    #[test]
    fn zero_never_waits_and_the_longest_does_not_overflow() {
        let off = Pacer::new(Duration::ZERO);
        assert_eq!([off.begin(S), off.begin(S)], [S, S]);
        off.end(2 * S);
        assert_eq!(off.begin(2 * S), 2 * S);
        let never = Pacer::new(Duration::MAX);
        never.begin(S);
        never.end(2 * S);
        assert_eq!(never.begin(2 * S), Duration::MAX);
    }
}
