use std::time::Duration;

use wx_proto::{Advice, ServerDate, UnixMs};

use super::item::HealthItem;
use super::status::HealthStatus;

/// The clock of this computer, compared with the `Date` of the page's reply.
///
/// The clock decides when cookies expire, and so when a login is over, whether certificates are
/// valid, and whether a message is too old to be revoked. Its time is also a part of requests and
/// of the ids of messages. The server's `Expires` is converted by its `Date`, so a clock that is
/// wrong by a constant does not end a login ([§2.3](wx_proto::protocol#s2-3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockHealth {
    /// The clock is ahead of the server's by this many seconds, or behind if negative. The time
    /// that the reply took does not count.
    Ahead(i64),
    /// The reply has no `Date`.
    NoDate,
    /// The `Date` of the reply is not a date.
    MalformedDate,
    /// There was no reply.
    NotChecked,
}

impl ClockHealth {
    /// The difference up to which the clock is right. An official client measures nothing, so this
    /// is a choice: half of the two minutes in which a message can be revoked
    /// ([P89](wx_proto::protocol#p89)).
    pub const TOLERANCE: Duration = Duration::from_secs(60);

    /// The difference from which the clock is useless: the lifetime of a login
    /// ([§11.12](wx_proto::protocol#s11-12)). All of its cookies seem to have expired, or never
    /// expire.
    pub const LIMIT: Duration = Duration::from_secs(12 * 3600);

    /// Compares the clock, which showed `sent` before the request and `received` after its reply,
    /// with the server's.
    #[must_use]
    pub fn new(date: ServerDate, sent: UnixMs, received: UnixMs) -> Self {
        let date = match date {
            ServerDate::At(date) => date,
            ServerDate::Missing => return Self::NoDate,
            ServerDate::Malformed => return Self::MalformedDate,
        };
        // The server's clock showed a time within this second.
        let until = date.saturating_add(Duration::from_millis(999));
        let secs = |by: Duration| i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        let ahead = sent.checked_duration_since(until).map(secs);
        let behind = date.checked_duration_since(received).map(secs);
        Self::Ahead(ahead.unwrap_or_default() - behind.unwrap_or_default())
    }

    /// Returns the result of the check.
    #[must_use]
    pub fn status(self) -> HealthStatus {
        match self {
            Self::Ahead(by) if by.unsigned_abs() > Self::LIMIT.as_secs() => HealthStatus::Failed,
            Self::Ahead(by) if by.unsigned_abs() <= Self::TOLERANCE.as_secs() => HealthStatus::Ok,
            Self::Ahead(_) | Self::NoDate | Self::MalformedDate => HealthStatus::Warning,
            Self::NotChecked => HealthStatus::Skipped,
        }
    }

    pub(super) fn item(self) -> HealthItem {
        let item = |message: &str| HealthItem::new("clock", self.status(), message);
        match self {
            Self::Ahead(0) => item("shows the server's time"),
            Self::Ahead(by) => {
                let (by, side) = (by.unsigned_abs(), if by > 0 { "ahead of" } else { "behind" });
                let item = item(&format!("{by} s {side} the server's"));
                match self.status() {
                    HealthStatus::Ok => item,
                    HealthStatus::Failed => item.advise(Advice::SetClock),
                    _ => item.advise_in_words(Advice::SetClock, "set this computer's clock"),
                }
            }
            Self::NoDate => item("could not be compared, because the reply has no Date")
                .advise(Advice::CheckProxy),
            Self::MalformedDate => {
                item("could not be compared, because the Date of the reply is not a date")
                    .advise(Advice::CheckProxy)
            }
            Self::NotChecked => item("not compared, because the page could not be requested"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: u64 = 1_546_254_741;

    #[test]
    fn the_time_of_the_exchange_does_not_count() {
        let at = |ms: i64| UnixMs::new(DATE * 1000).get().checked_add_signed(ms).map(UnixMs::new);
        for (sent, received, ahead) in [
            (0, 0, 0),
            (-8000, 9000, 0),
            (999, 1500, 0),
            (1998, 2500, 0),
            (1999, 2500, 1),
            (61_999, 62_000, 61),
            (-2000, -999, 0),
            (-9000, -1000, -1),
            (-62_000, -61_000, -61),
        ] {
            let date = ServerDate::At(UnixMs::from_secs(DATE));
            let clock = ClockHealth::new(date, at(sent).unwrap(), at(received).unwrap());
            assert_eq!(clock, ClockHealth::Ahead(ahead), "{sent} {received}");
        }
        let (epoch, end) = (UnixMs::EPOCH, UnixMs::new(u64::MAX));
        let far = ClockHealth::new(ServerDate::At(epoch), end, end);
        assert_eq!(far.status(), HealthStatus::Failed);
        assert_eq!(ClockHealth::new(ServerDate::At(end), epoch, epoch).status(), far.status());
    }

    #[test]
    fn it_is_right_within_a_minute_and_useless_after_the_lifetime_of_a_login() {
        use HealthStatus::{Failed, Ok, Warning};
        for (by, status) in [(0, Ok), (60, Ok), (61, Warning), (43_200, Warning), (43_201, Failed)]
        {
            for (by, side) in [(by, "ahead"), (-by, "behind")] {
                let item = ClockHealth::Ahead(by).item();
                assert_eq!(item.status, status, "{by}");
                assert!(by == 0 || item.message.contains(side), "{item}");
                assert_eq!(item.advice, (status != Ok).then_some(Advice::SetClock), "{by}");
            }
        }
        for (date, words) in
            [(ServerDate::Missing, "no Date"), (ServerDate::Malformed, "not a date")]
        {
            let item = ClockHealth::new(date, UnixMs::EPOCH, UnixMs::EPOCH).item();
            assert_eq!(item.status, Warning);
            assert!(item.message.contains(words), "{item}");
        }
    }
}
