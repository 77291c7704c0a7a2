//! The clocks for driving flows.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wx_proto::UnixMs;

/// Returns the time since the first call in this process, for
/// [`Flow::poll`](wx_proto::flow::Flow::poll). It includes the time that the computer sleeps, which
/// [`Instant`] leaves out on some platforms: between two calls, it advances by the larger of the
/// monotonic and the wall-clock time that has passed. It never goes back.
///
/// If the wall clock was set back, the real time is unknown, so an hour is added. A message that
/// left before is then too old to be sent again.
#[must_use]
pub fn now() -> Duration {
    static START: LazyLock<(Instant, Mutex<Clock>)> =
        LazyLock::new(|| (Instant::now(), Mutex::new(Clock::new(wall()))));
    let (start, clock) = &*START;
    let mut clock = clock.lock().unwrap_or_else(PoisonError::into_inner);
    // Read the clocks under the lock, so that two threads advance this clock in the right order.
    clock.advance(start.elapsed(), wall())
}

/// Returns the wall-clock time, or [`UnixMs::EPOCH`] if the clock is set to an earlier time.
#[must_use]
pub fn unix_ms() -> UnixMs {
    UnixMs::EPOCH.saturating_add(wall())
}

/// Returns the id of the current boot, if the system has boot ids.
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

/// The time that is added when the wall clock was set back.
const UNKNOWN: Duration = Duration::from_secs(3600);

/// The largest step of the wall clock backwards that is ignored.
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
        // The wall clock runs slow, then is corrected by a little.
        assert_eq!(clock.advance(s(16), wall(70)), s(76));
        assert_eq!(clock.advance(s(17), wall(70) - Duration::from_millis(900)), s(77));
        // Set back by a day: the real time is unknown.
        assert_eq!(clock.advance(s(18), wall(0) - s(86_400)), s(78) + UNKNOWN);
        // It continues from there.
        assert_eq!(clock.advance(s(20), wall(2) - s(86_400)), s(80) + UNKNOWN);
        assert!(now() <= now());
    }
}
