//! A point in time by the wall clock.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time by the wall clock, in milliseconds since 1970-01-01 UTC.
///
/// There is no conversion from a bare number, so that seconds cannot be passed by accident:
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
    /// 1970-01-01 UTC, where the clock of a computer without a battery starts.
    pub const EPOCH: Self = Self(0);

    /// Creates a time from Unix milliseconds.
    #[must_use]
    pub const fn new(unix_ms: u64) -> Self {
        Self(unix_ms)
    }

    /// Creates a time from Unix seconds. One that does not fit becomes the last time that does.
    #[must_use]
    pub const fn from_secs(unix_secs: u64) -> Self {
        Self(unix_secs.saturating_mul(1000))
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

    /// Returns the time after `duration`, or the last one that can be represented.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        let ms = duration.as_millis();
        let ms = if ms > u64::MAX as u128 { u64::MAX } else { ms as u64 };
        Self(self.0.saturating_add(ms))
    }

    /// Returns the time that has passed since `earlier`, or `None` if that is later than this.
    #[must_use]
    pub const fn checked_duration_since(self, earlier: Self) -> Option<Duration> {
        match self.0.checked_sub(earlier.0) {
            Some(ms) => Some(Duration::from_millis(ms)),
            None => None,
        }
    }
}

/// Shows the Unix milliseconds, as requests hold them.
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
        assert_eq!(UnixMs::from_secs(u64::MAX), end);
        assert_eq!(UnixMs::new(1).saturating_add(Duration::MAX), end);
        assert_eq!(end.saturating_add(Duration::from_millis(1)), end);
        assert_eq!(UnixMs::EPOCH.checked_duration_since(end), None);
        let all = end.checked_duration_since(UnixMs::EPOCH).unwrap();
        assert_eq!(UnixMs::EPOCH.saturating_add(all), end);
    }

    #[test]
    fn files_and_requests_hold_the_number() {
        let time = UnixMs::new(1_511_493_942_795);
        assert_eq!(serde_json::to_string(&time).unwrap(), "1511493942795");
        assert_eq!(serde_json::from_str::<UnixMs>("1511493942795").unwrap(), time);
        assert_eq!(time.to_string(), "1511493942795");
    }
}
