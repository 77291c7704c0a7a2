//! The time that flows are driven by.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wx_proto::UnixMs;

/// Returns the time since the first call in this process, for
/// [`Flow::poll`](wx_proto::flow::Flow::poll). It counts the time that the computer sleeps, which
/// [`Instant`] leaves out on some platforms: between two calls the larger of monotonic and
/// wall-clock time has passed. It never goes back.
///
/// If the wall clock was set back, the time that really passed is unknown, so an hour is added: a
/// message that was handed out before is too old to leave again.
#[must_use]
pub fn now() -> Duration {
    static START: LazyLock<(Instant, Mutex<Clock>)> =
        LazyLock::new(|| (Instant::now(), Mutex::new(Clock::new(wall()))));
    let (start, clock) = &*START;
    let mut clock = clock.lock().unwrap_or_else(PoisonError::into_inner);
    // Read under the lock: two threads that read it before would take turns the wrong way around.
    clock.advance(start.elapsed(), wall())
}

/// Returns the time by the wall clock, or [`UnixMs::EPOCH`] for a clock that is set before it.
#[must_use]
pub fn unix_ms() -> UnixMs {
    UnixMs::EPOCH.saturating_add(wall())
}

/// Tells the time since the computer was started from the times before, where the system does.
pub(crate) fn boot_id() -> Option<String> {
    if cfg!(target_os = "linux") {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(id.trim_end().to_owned())
    } else {
        None
    }
}

fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// What a wall clock that goes back is taken for.
const UNKNOWN: Duration = Duration::from_secs(3600);

/// Clocks are corrected by a little all the time.
const TOLERANCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Clock {
    monotonic: Duration,
    wall: Duration,
    now: Duration,
}

impl Clock {
    fn new(wall: Duration) -> Self {
        Self { monotonic: Duration::ZERO, wall, now: Duration::ZERO }
    }

    fn advance(&mut self, monotonic: Duration, wall: Duration) -> Duration {
        let passed = monotonic.saturating_sub(self.monotonic);
        let passed = match wall.checked_sub(self.wall) {
            Some(by_wall) => passed.max(by_wall),
            None if self.wall - wall <= TOLERANCE => passed,
            None => passed + UNKNOWN,
        };
        (self.monotonic, self.wall) = (monotonic, wall);
        self.now = self.now.saturating_add(passed);
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_counts_and_nothing_goes_back() {
        let [s, wall] = [Duration::from_secs, |s| Duration::from_secs(1_700_000_000 + s)];
        let mut clock = Clock::new(wall(0));
        assert_eq!(clock.advance(s(5), wall(5)), s(5));
        // Asleep for a minute.
        assert_eq!(clock.advance(s(6), wall(66)), s(66));
        // A clock that runs slow, and one that is corrected by a little.
        assert_eq!(clock.advance(s(16), wall(70)), s(76));
        assert_eq!(clock.advance(s(17), wall(70) - Duration::from_millis(900)), s(77));
        // Set back by a day: nobody knows how much time that was.
        assert_eq!(clock.advance(s(18), wall(0) - s(86_400)), s(78) + UNKNOWN);
        // From there it goes on.
        assert_eq!(clock.advance(s(20), wall(2) - s(86_400)), s(80) + UNKNOWN);
        assert!(now() <= now());
    }
}
