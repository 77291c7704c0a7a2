use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::Watch;
use wx_client::clock::now;

/// Keeps the pictures of a client apart. Clones share it.
#[derive(Clone)]
pub(crate) struct Pace {
    least: Duration,
    /// When the next picture may start.
    next: Arc<Mutex<Duration>>,
}

/// A picture under way; the next one keeps its distance from the end of this.
pub(crate) struct Turn<'a>(&'a Pace);

impl Pace {
    pub(crate) fn new(least: Duration) -> Self {
        Self { least, next: Arc::default() }
    }

    /// Waits until a picture may start, or until the job is cancelled.
    pub(crate) fn turn(&self, watch: &mut Watch<'_>) -> Turn<'_> {
        let now = now();
        watch.sleep(self.begin(now) - now);
        Turn(self)
    }

    /// When a picture that asks at `now` may start. Those that ask at the same time queue up.
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
        self.0.end(now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn from_the_end_of_one_to_the_start_of_the_next() {
        let pace = Pace::new(3 * S);
        assert_eq!(pace.begin(10 * S), 10 * S);
        pace.end(12 * S);
        assert_eq!(pace.begin(12 * S), 15 * S);
        pace.end(16 * S);
        assert_eq!(pace.begin(100 * S), 100 * S);
    }

    #[test]
    fn from_start_to_start_with_several_at_once() {
        let pace = Pace::new(3 * S);
        let other = pace.clone();
        assert_eq!([pace.begin(S), other.begin(S), pace.begin(S)], [S, 4 * S, 7 * S]);
        // The first ends while the third still waits: whoever comes now keeps its distance from the
        // third.
        other.end(5 * S);
        assert_eq!(pace.begin(6 * S), 10 * S);
    }

    #[test]
    fn zero_never_waits_and_the_longest_does_not_overflow() {
        let off = Pace::new(Duration::ZERO);
        assert_eq!([off.begin(S), off.begin(S)], [S, S]);
        off.end(2 * S);
        assert_eq!(off.begin(2 * S), 2 * S);
        let never = Pace::new(Duration::MAX);
        never.begin(S);
        never.end(2 * S);
        assert_eq!(never.begin(2 * S), Duration::MAX);
    }
}
