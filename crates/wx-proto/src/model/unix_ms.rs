//! Points in time of the wall clock.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time of the wall clock, in milliseconds since 1970-01-01 UTC.
///
/// There is no `From<u64>`, so that seconds cannot be passed by accident:
///
/// ```
/// use std::time::Duration;
/// use wx_proto::UnixMs;
///
/// let sent = UnixMs::from_secs(1_511_493_942);
/// assert_eq!(sent, UnixMs::new(1_511_493_942_000));
/// let later = sent.saturating_add(Duration::from_millis(795));
/// assert_eq!((later.get(), later.as_secs()), (1_511_493_942_795, 1_511_493_942));
/// assert_eq!(later.checked_duration_since(sent), Some(Duration::from_millis(795)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMs(u64);

impl UnixMs {
    /// 1970-01-01 UTC, which the clock of a computer without a battery starts at.
    pub const EPOCH: Self = Self(0);

    /// Creates a time from Unix milliseconds.
    #[must_use]
    pub const fn new(unix_ms: u64) -> Self {
        Self(unix_ms)
    }

    /// Creates a time from Unix seconds, saturating at the last second that can be represented.
    #[must_use]
    pub const fn from_secs(unix_secs: u64) -> Self {
        // A whole second, so that it is the same after `as_secs`.
        let latest = u64::MAX / 1000;
        Self(if unix_secs < latest { unix_secs * 1000 } else { latest * 1000 })
    }

    /// Returns the Unix milliseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the whole Unix seconds.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// Returns the time in UTC to the second, as in RFC 3339: `2017-11-24T03:25:42Z`.
    #[must_use]
    pub fn to_utc(self) -> String {
        let (days, second) = (self.as_secs() / DAY, self.as_secs() % DAY);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// Returns the time `duration` later, saturating at the last time that can be represented.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        let ms = duration.as_millis();
        let ms = if ms > u64::MAX as u128 { u64::MAX } else { ms as u64 };
        Self(self.0.saturating_add(ms))
    }

    /// Returns the duration since `earlier`, or `None` if `earlier` is later than this time.
    #[must_use]
    pub const fn checked_duration_since(self, earlier: Self) -> Option<Duration> {
        match self.0.checked_sub(earlier.0) {
            Some(ms) => Some(Duration::from_millis(ms)),
            None => None,
        }
    }
}

/// The seconds of a day.
pub(crate) const DAY: u64 = 86_400;

/// Returns the year, month (1–12) and day that is `days` after 1970-01-01.
pub(crate) fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// Formats the Unix milliseconds, as in requests.
impl fmt::Display for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_end_and_do_not_wrap() {
        let end = UnixMs::new(u64::MAX);
        let last = UnixMs::from_secs(u64::MAX);
        assert_eq!(UnixMs::from_secs(last.as_secs()), last);
        assert_eq!(UnixMs::new(1).saturating_add(Duration::MAX), end);
        assert_eq!(end.saturating_add(Duration::from_millis(1)), end);
        assert_eq!(UnixMs::EPOCH.checked_duration_since(end), None);
        let all = end.checked_duration_since(UnixMs::EPOCH).unwrap();
        assert_eq!(UnixMs::EPOCH.saturating_add(all), end);
    }

    #[test]
    fn times_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_511_493_942, "2017-11-24T03:25:42Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(UnixMs::from_secs(seconds).to_utc(), text);
        }
        assert!(UnixMs::new(u64::MAX).to_utc().ends_with('Z'));
    }

    #[test]
    fn files_and_requests_contain_the_number() {
        let time = UnixMs::new(1_511_493_942_795);
        assert_eq!(serde_json::to_string(&time).unwrap(), "1511493942795");
        assert_eq!(serde_json::from_str::<UnixMs>("1511493942795").unwrap(), time);
        assert_eq!(time.to_string(), "1511493942795");
    }
}
