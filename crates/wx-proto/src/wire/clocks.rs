//! Two clocks: this computer's, which may be wrong, and the server's, which its replies tell.

use http::{HeaderMap, header};

use super::date;

/// The moment of a reply, by both clocks, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clocks {
    local: u64,
    /// By the reply's `Date` header, or by the local clock if it has none that can be read.
    server: u64,
}

impl Clocks {
    pub(crate) fn new(headers: &HeaderMap, local: u64) -> Self {
        let dates = headers.get_all(header::DATE).iter();
        let server =
            dates.filter_map(|value| date::cookie(value.to_str().ok()?)).find(|at| *at > 0);
        Self { local, server: server.unwrap_or(local) }
    }

    /// Both clocks show the same time.
    pub(crate) fn agreeing(unix_s: u64) -> Self {
        Self { local: unix_s, server: unix_s }
    }

    pub(crate) fn local(self) -> u64 {
        self.local
    }

    /// A time of the server's clock as one of the local clock.
    pub(crate) fn to_local(self, at: u64) -> u64 {
        match at.checked_sub(self.server) {
            Some(later) => self.local.saturating_add(later),
            None => self.local.saturating_sub(self.server - at),
        }
    }
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
        Clocks::new(&headers, local)
    }

    #[test]
    fn a_time_of_the_server_is_as_far_away_by_the_local_clock() {
        let date = "Mon, 31 Dec 2018 11:12:21 GMT";
        for local in [0, 1, SERVER - 43_200, SERVER, SERVER + 43_200, 4_102_444_800] {
            let clocks = clocks(&[date], local);
            assert_eq!(clocks.to_local(SERVER + 600), local + 600);
            assert_eq!(clocks.to_local(SERVER - 600), local.saturating_sub(600));
            assert_eq!(
                clocks.to_local(u64::MAX).checked_sub(local),
                Some(u64::MAX - SERVER.max(local))
            );
        }
    }

    #[test]
    fn a_date_in_any_form_is_read_and_an_odd_one_is_none() {
        for date in [
            "Mon, 31 Dec 2018 11:12:21 GMT",
            "Monday, 31-Dec-18 11:12:21 GMT",
            "Mon Dec 31 11:12:21 2018",
        ] {
            assert_eq!(clocks(&[date], 5).to_local(SERVER), 5, "{date}");
            assert_eq!(
                clocks(&["soon", date], 5).to_local(SERVER),
                5,
                "the first that can be read"
            );
        }
        for odd in
            ["", "soon", "0", "1546254741", "Thu, 01 Jan 1970 00:00:00 GMT", "31 Dec 1600 11:12:21"]
        {
            assert_eq!(clocks(&[odd], 5), Clocks::agreeing(5), "{odd}");
        }
        assert_eq!(clocks(&[], 5), Clocks::agreeing(5));
    }
}
