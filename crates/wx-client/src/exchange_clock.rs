//! For transports: the time limits of an exchange.

use std::time::{Duration, Instant};

use wx_proto::Limits;

/// Checks the time limits of an exchange, except for [`Limits::stall`], which only the transport
/// can observe.
///
/// The clock starts with the exchange. Pause it while the flow processes received bytes, so that a
/// slow disk does not count as a slow server.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeClock {
    limits: Limits,
    /// The start of the exchange, moved forward by each pause.
    began: Instant,
    paused: Option<Instant>,
    body_bytes: u64,
}

impl ExchangeClock {
    /// Creates a clock that runs from `now`.
    #[must_use]
    pub fn start(limits: Limits, now: Instant) -> Self {
        Self { limits, began: now, paused: None, body_bytes: 0 }
    }

    /// Counts bytes that were sent of the request's body or received of the reply's body.
    pub fn count(&mut self, body_bytes: u64) {
        self.body_bytes = self.body_bytes.saturating_add(body_bytes);
    }

    /// Pauses the clock.
    pub fn pause(&mut self, now: Instant) {
        self.paused.get_or_insert(now);
    }

    /// Resumes the clock.
    pub fn resume(&mut self, now: Instant) {
        if let Some(paused) = self.paused.take() {
            self.began += now.saturating_duration_since(paused);
        }
    }

    /// Returns the time at which the exchange has to be given up if no more bytes of a body move
    /// until then. `None` means never.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        self.began.checked_add(self.limits.give_up_after(self.body_bytes))
    }

    /// Returns the time until [`ExchangeClock::due`].
    #[must_use]
    pub fn left(&self, now: Instant) -> Duration {
        self.due().map_or(Duration::MAX, |due| due.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use wx_proto::endpoint::Endpoint;
    use wx_proto::endpoint::js_login::JsLogin;
    use wx_proto::{Profile, Site};

    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn bytes_extend_the_time_and_pauses_do_not_count() {
        let limits = JsLogin::new(wx_proto::UnixMs::new(1))
            .request(&wx_proto::Session::new(Site::new(Profile::Web)))
            .unwrap()
            .limits();
        let start = Instant::now();
        let mut clock = ExchangeClock::start(limits, start);
        assert_eq!(clock.left(start + 59 * S), S);
        assert_eq!(clock.left(start + 61 * S), Duration::ZERO);
        clock.count(60 * 1024);
        assert_eq!(clock.due(), Some(start + 60 * S), "the rate itself is enough");
        clock.count(1024);
        assert_eq!(clock.due(), Some(start + 61 * S));
        clock.pause(start + 10 * S);
        clock.pause(start + 20 * S);
        clock.resume(start + 110 * S);
        clock.resume(start + 120 * S);
        assert_eq!(clock.due(), Some(start + 161 * S));
        clock.count(u64::MAX);
        assert!(clock.left(start) > 1_000_000 * S);
    }
}
