//! The clock of this computer, which may be wrong, and the server's clock, which replies show.

use std::time::Duration;

use http::{HeaderMap, header};

use super::date;
use crate::model::server_date::ServerDate;
use crate::model::unix_ms::UnixMs;

/// The time of a reply on both clocks, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clocks {
    local: UnixMs,
    /// The `Date` header of the reply, or the local time if there is no valid one.
    server: UnixMs,
}

impl Clocks {
    pub(crate) fn new(headers: &HeaderMap, now: UnixMs) -> Self {
        let local = whole_secs(now);
        match server_date(headers) {
            ServerDate::At(server) => Self { local, server },
            ServerDate::Missing | ServerDate::Malformed => Self { local, server: local },
        }
    }

    /// Creates two clocks that show the same time.
    pub(crate) fn synchronised(now: UnixMs) -> Self {
        let now = whole_secs(now);
        Self { local: now, server: now }
    }

    pub(crate) fn local(self) -> UnixMs {
        self.local
    }

    /// Returns the local time `secs` seconds later.
    pub(crate) fn in_secs(self, secs: u64) -> UnixMs {
        self.local.saturating_add(Duration::from_secs(secs))
    }

    /// Converts a time of the server's clock to the local clock.
    pub(crate) fn to_local(self, at: UnixMs) -> UnixMs {
        match at.checked_duration_since(self.server) {
            Some(later) => self.local.saturating_add(later),
            None => UnixMs::new(self.local.get().saturating_sub(self.server.get() - at.get())),
        }
    }
}

/// Returns the first valid `Date`.
pub(crate) fn server_date(headers: &HeaderMap) -> ServerDate {
    let mut dates = headers.get_all(header::DATE).iter().peekable();
    if dates.peek().is_none() {
        return ServerDate::Missing;
    }
    let mut dates = dates.filter_map(|value| date::cookie(value.to_str().ok()?));
    dates.find(|at| *at > UnixMs::EPOCH).map_or(ServerDate::Malformed, ServerDate::At)
}

/// Drops the milliseconds, because session files keep the expiry of cookies in seconds.
fn whole_secs(time: UnixMs) -> UnixMs {
    UnixMs::from_secs(time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2018-12-31 11:12:21 UTC.
    const SERVER: u64 = 1_546_254_741;

    fn clocks(dates: &[&str], local: u64) -> Clocks {
        let mut headers = HeaderMap::new();
        for date in dates {
            headers.append(header::DATE, date.parse().unwrap());
        }
        Clocks::new(&headers, UnixMs::from_secs(local))
    }

    #[test]
    fn a_time_of_the_server_is_as_far_away_by_the_local_clock() {
        let date = "Mon, 31 Dec 2018 11:12:21 GMT";
        for local in [0, 1, SERVER - 43_200, SERVER, SERVER + 43_200, 4_102_444_800] {
            let clocks = clocks(&[date], local);
            let to_local = |at: u64| clocks.to_local(UnixMs::from_secs(at)).as_secs();
            assert_eq!(to_local(SERVER + 600), local + 600);
            assert_eq!(to_local(SERVER - 600), local.saturating_sub(600));
            assert_eq!(
                clocks.to_local(UnixMs::new(u64::MAX)).get(),
                u64::MAX - 1000 * SERVER.saturating_sub(local)
            );
        }
    }

    #[test]
    fn a_date_in_any_form_is_parsed_and_a_malformed_one_is_none() {
        for date in [
            "Mon, 31 Dec 2018 11:12:21 GMT",
            "Monday, 31-Dec-18 11:12:21 GMT",
            "Mon Dec 31 11:12:21 2018",
        ] {
            let five = UnixMs::from_secs(5);
            let server = UnixMs::from_secs(SERVER);
            assert_eq!(clocks(&[date], 5).to_local(server), five, "{date}");
            assert_eq!(
                clocks(&["soon", date], 5).to_local(server),
                five,
                "the first that can be read"
            );
        }
        for odd in
            ["", "soon", "0", "1546254741", "Thu, 01 Jan 1970 00:00:00 GMT", "31 Dec 1600 11:12:21"]
        {
            assert_eq!(clocks(&[odd], 5), Clocks::synchronised(UnixMs::from_secs(5)), "{odd}");
            let headers = HeaderMap::from_iter([(header::DATE, odd.parse().unwrap())]);
            assert_eq!(server_date(&headers), ServerDate::Malformed, "{odd}");
        }
        assert_eq!(server_date(&HeaderMap::new()), ServerDate::Missing);
        assert_eq!(clocks(&[], 5), Clocks::synchronised(UnixMs::from_secs(5)));
    }
}
