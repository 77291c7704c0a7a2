//! A message whose command has failed, and when the command is run for it again.

use std::ffi::OsString;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wx_client::clock::unix_ms;

/// A message whose command has failed. Times are in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FailedHook {
    /// Identifies the message within the file. Not every message has an id.
    pub(super) number: u64,
    /// The event of the message, without secrets of the login.
    pub(super) event: Value,
    /// The absolute path of the saved attachment. Not every path can be a JSON string.
    pub(super) path: Option<OsString>,
    /// How often the command has failed since the first time, or since the user has asked for
    /// another try.
    pub(super) failures: u32,
    pub(super) first_at: u64,
    pub(super) last_at: u64,
}

/// A message is given up after this many failures, but not before [`AGE`].
const TRIES: u32 = 5;
const AGE: Duration = Duration::from_secs(24 * 3600);
/// The wait after the first failure. Each further one is four times as long.
const SHORTEST: u64 = 60;
const LONGEST: u64 = 6 * 3600;

impl FailedHook {
    /// Returns when the command is run again.
    pub(super) fn next_at(&self) -> u64 {
        let Some(earlier) = self.failures.checked_sub(1) else { return self.last_at };
        let wait = 4_u64.checked_pow(earlier).and_then(|times| times.checked_mul(SHORTEST));
        self.last_at.saturating_add(wait.unwrap_or(LONGEST).min(LONGEST))
    }

    /// Returns whether the command is to be run again. After a clock that was ahead was set back,
    /// it is.
    pub(super) fn is_due(&self, now: u64) -> bool {
        now >= self.next_at() || now < self.last_at
    }

    /// Returns whether the message is given up.
    pub(super) fn is_given_up(&self) -> bool {
        self.failures >= TRIES && self.last_at.saturating_sub(self.first_at) >= AGE.as_secs()
    }

    /// Counts a further failure.
    pub(super) fn fail(&mut self, at: u64) {
        self.failures = self.failures.saturating_add(1);
        self.last_at = at;
    }
}

/// Returns the current time.
pub(super) fn now() -> u64 {
    unix_ms().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3600;

    fn failed(failures: u32, first_at: u64, last_at: u64) -> FailedHook {
        FailedHook { number: 0, event: Value::Null, path: None, failures, first_at, last_at }
    }

    #[test]
    fn the_waits_between_the_tries_grow() {
        for (failures, wait) in
            [(0, 0), (1, 60), (2, 240), (3, 960), (5, 15_360), (6, 21_600), (u32::MAX, 21_600)]
        {
            let failed = failed(failures, 0, 1_000_000);
            assert!(failed.is_due(1_000_000 + wait), "{failures}");
            assert_eq!(failed.is_due(1_000_000 + wait.saturating_sub(1)), wait == 0, "{failures}");
            // The clock was set back.
            assert!(failed.is_due(999_999));
        }
    }

    #[test]
    fn a_message_is_given_up_after_five_failures_and_a_day() {
        for (failures, last_at, is_given_up) in
            [(5, DAY, true), (4, DAY, false), (5, DAY - 1, false), (9, 3600, false)]
        {
            let first = 1_000_000;
            let mut failed = failed(failures - 1, first, first);
            failed.fail(first + last_at);
            assert_eq!(failed.is_given_up(), is_given_up, "{failures} within {last_at} s");
        }
    }

    /// Neither a service that is restarted all the time nor one that is rarely started.
    #[test]
    fn a_message_that_always_fails_is_tried_for_a_day() {
        for every in [1, 60, 600, 3600, 7 * DAY] {
            let (mut failed, mut tries) = (failed(1, 0, 0), 1);
            for start in (1..).map(|start| start * every) {
                if !failed.is_due(start) {
                    continue;
                }
                failed.fail(start);
                tries += 1;
                if failed.is_given_up() {
                    break;
                }
            }
            assert!(failed.last_at >= DAY && (5..=10).contains(&tries), "{every}: {tries}");
        }
    }
}
