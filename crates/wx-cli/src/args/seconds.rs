//! Parses times on the command line.

use std::time::Duration;

/// Parses a number of seconds, which may have a fraction.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds =
        text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    // The limit is a year, which cannot overflow.
    seconds.filter(|seconds| seconds.as_secs() <= 365 * 86_400).ok_or_else(|| {
        "give a number of seconds without a unit, such as 30 or 2.5, of at most a year".to_owned()
    })
}

/// Parses a number of seconds greater than 0.
pub(super) fn timeout(text: &str) -> Result<Duration, String> {
    seconds(text).and_then(|time| {
        if time.is_zero() { Err("give more than 0 seconds".to_owned()) } else { Ok(time) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_seconds() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for bad in ["", "x", "-1", "nan", "inf", "1e30", "15s"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert!(timeout("0").is_err() && timeout("0.1").is_ok());
    }
}
