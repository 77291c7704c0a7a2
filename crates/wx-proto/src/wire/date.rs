//! Parses the lenient dates of cookies ([P6](crate::protocol#p6)) and formats dates like a
//! browser's `Date` ([§4.6](crate::protocol#s4-6) row 4), in the proleptic Gregorian calendar.
//!
//! No crate fits: `httpdate` rejects the dates of these cookies, and a calendar crate would replace
//! only the arithmetic.

use crate::model::unix_ms::{DAY, UnixMs, civil};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// Returns the number of days from 1970-01-01 to a date.
fn days_before(year: u64, month: u64, day: u64) -> u64 {
    // The year starts in March here, so that the leap day is its last day.
    let (year, shifted) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468
}

/// Formats a `Date` like a browser in Chinese with Beijing time: `Sat Jun 23 2018 16:45:07 GMT+0800
/// (中国标准时间)`.
pub(crate) fn javascript(time: UnixMs) -> String {
    let local = time.as_secs() + 8 * 3600;
    let (days, second) = (local / DAY, local % DAY);
    let (year, month, day) = civil(days);
    format!(
        "{} {} {day:02} {year:04} {:02}:{:02}:{:02} GMT+0800 (中国标准时间)",
        DAYS[(days % 7) as usize],
        MONTHS[(month - 1) as usize],
        second / 3600,
        second / 60 % 60,
        second % 60,
    )
}

/// Parses the date of a cookie by its tokens, as in RFC 6265
/// [§5.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-5.1.1): `Mon, 31-Dec-2018 11:12:21 GMT`
/// as well as the RFC 1123 form.
pub(crate) fn cookie(text: &str) -> Option<UnixMs> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    let is_delimiter = |c: char| !(c.is_ascii_alphanumeric() || c == ':' || c > '\x7e');
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        if time.is_none() && token.contains(':') {
            time = Some(clock(token)?);
        } else if let (None, Ok(number), 1..=2) = (day, token.parse::<u64>(), token.len()) {
            day = Some(number);
        } else if let (None, Some(number)) = (month, month_of(token)) {
            month = Some(number);
        } else if let (None, Ok(number), 2..=4) = (year, token.parse::<u64>(), token.len()) {
            year = Some(match number {
                0..=69 => number + 2000,
                70..=99 => number + 1900,
                _ => number,
            });
        }
    }
    let (time, day, month, year) = (time?, day?, month?, year?);
    if !(1..=31).contains(&day) || year < 1601 {
        return None;
    }
    // The cookie has expired, whichever date before 1970 it is.
    let secs = if year < 1970 { 0 } else { days_before(year, month, day) * DAY + time };
    Some(UnixMs::from_secs(secs))
}

fn clock(token: &str) -> Option<u64> {
    let mut parts = token.splitn(3, ':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    (hour < 24 && minute < 60 && second < 60).then(|| hour * 3600 + minute * 60 + second)
}

fn month_of(token: &str) -> Option<u64> {
    let start = token.get(..3)?;
    let index = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(start))?;
    Some(index as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_dates_with_two_hyphens() {
        let cookie = |text: &str| cookie(text).map(UnixMs::as_secs);
        assert_eq!(cookie("Mon, 31-Dec-2018 11:12:21 GMT"), Some(1_546_254_741));
        assert_eq!(cookie("Mon, 31 Dec 2018 11:12:21 GMT"), Some(1_546_254_741));
        assert_eq!(cookie("Wed, 27-Dec-28 23:12:21 GMT"), Some(1_861_571_541));
        assert_eq!(cookie("Fri, 31~Dec~99 23:59:59 GMT"), Some(946_684_799));
        assert_eq!(cookie("Thu, 01-Jan-70 00:00:00 GMT"), Some(0));
        assert_eq!(cookie("Fri, 02-Jan-1970 00:00:01 GMT"), Some(86_401));
        for past in ["31-Dec-1969 23:59:59", "1-Jan-1601 00:00:00"] {
            assert_eq!(cookie(past), Some(0), "{past}");
        }
        for bad in [
            "",
            "tomorrow",
            "31-Dec-2018",
            "Mon, 41-Dec-2018 11:12:21",
            "Mon, 31-Dec-2018 25:00:00",
            "Mon, 31-Dec-2018 24:00:00",
            "Mon, 31-Dec-2018 23:60:00",
            "Mon, 31-Dec-2018 23:59:60",
            "31-Dec-1600 11:12:21",
            "é31 Dec 2018 11:12:21",
            "99999999999999999:0:0 1 Dec 2018",
            "é:é:é",
        ] {
            assert_eq!(cookie(bad), None, "{bad}");
        }
    }

    #[test]
    fn javascript_text_of_the_captures() {
        assert_eq!(
            javascript(UnixMs::from_secs(1_529_743_507)),
            "Sat Jun 23 2018 16:45:07 GMT+0800 (中国标准时间)"
        );
        assert_eq!(
            javascript(UnixMs::from_secs(1_511_493_942)),
            "Fri Nov 24 2017 11:25:42 GMT+0800 (中国标准时间)"
        );
        assert_eq!(javascript(UnixMs::EPOCH), "Thu Jan 01 1970 08:00:00 GMT+0800 (中国标准时间)");
    }

    #[test]
    fn every_day_of_two_centuries_is_converted_both_ways() {
        for days in 0..73_000 {
            let (year, month, day) = civil(days);
            assert_eq!(days_before(year, month, day), days);
        }
    }
}
