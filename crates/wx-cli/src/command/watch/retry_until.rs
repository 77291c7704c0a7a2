//! Retries while the network or the server fails, and reports when a failure begins and ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wx_client::{CancelToken, RunOptions};
use wx_proto::{Advice, Step};

use crate::out;
use crate::problem::Problem;
use crate::report::Report;
use crate::withhold;

/// Retries after transient errors.
pub(super) struct RetryUntil<'a> {
    report: &'a Report,
    is_failing: AtomicBool,
}

/// How long the fetch of an attachment is retried while the network or the server fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
/// How long the fetch of an attachment is retried if the server does not have it.
const NOT_YET: Duration = Duration::from_secs(20);
const SHORTEST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);
/// The call that the server holds until something is new.
const LONG_POLL: &str = "synccheck";

impl<'a> RetryUntil<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        Self { report, is_failing: AtomicBool::new(false) }
    }

    /// Calls `attempt` until it succeeds, its problem is not transient, `patience` has elapsed, or
    /// `token` is cancelled. The waits in between grow. An attachment that the server does not have
    /// is waited for anyway, for [`NOT_YET`] since the server said so first.
    pub(super) fn run<T>(
        &self,
        token: &CancelToken,
        patience: Option<Duration>,
        mut attempt: impl FnMut() -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let begun = Instant::now();
        let mut limit = RetryLimit { patience, missing_since: None };
        let mut wait = SHORTEST;
        loop {
            let problem = match attempt() {
                Ok(done) => {
                    self.end();
                    return Ok(done);
                }
                Err(problem) => problem,
            };
            let elapsed = begun.elapsed();
            let Some(end) = limit.end(problem.advice, elapsed) else { return Err(problem) };
            if token.is_cancelled() {
                return Err(self.report.interrupted());
            }
            if elapsed + wait >= end {
                return Err(problem);
            }
            self.begin(&problem.message);
            token.sleep(wait);
            wait = (wait * 2).min(LONGEST);
        }
    }

    /// Returns whether the network or the server fails.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Returns the options of the first call and the long polls, which have their own retries.
    pub(super) fn options(&self) -> RunOptions<'_> {
        self.options_with(|| ())
    }

    /// Like [`options`](Self::options). Calls `before_poll` once before each long poll.
    pub(super) fn options_with<'s>(
        &'s self,
        mut before_poll: impl FnMut() + Send + 's,
    ) -> RunOptions<'s> {
        let options = self.report.options().on_request(move |request| {
            withhold::request(request);
            if request.endpoint() == LONG_POLL {
                before_poll();
            }
        });
        options.progress(move |progress| {
            self.report.progress(progress);
            match (progress.step, &progress.last_error) {
                (Step::Init | Step::Sync, Some(error)) => self.begin(&out::error_chain(error)),
                // A reply without messages also shows that the server can be reached.
                (Step::Sync, None) if progress.attempt == Some(1) => self.end(),
                _ => {}
            }
        })
    }

    fn begin(&self, why: &str) {
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            self.report.warn(&format!("{why}; retrying"));
        }
    }

    fn end(&self) {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            self.report.warn("the server answers again");
        }
    }
}

/// How long a call is retried. Times count from the first attempt.
struct RetryLimit {
    patience: Option<Duration>,
    /// When the server has said first that it does not have the attachment.
    missing_since: Option<Duration>,
}

impl RetryLimit {
    /// Returns until when the call is retried after a problem with this advice, or `None` if it is
    /// not retried at all.
    fn end(&mut self, advice: Option<Advice>, elapsed: Duration) -> Option<Duration> {
        match advice? {
            Advice::CheckNetwork | Advice::RetryLater | Advice::CheckProxy => {
                Some(self.patience.unwrap_or(Duration::MAX))
            }
            // After a rate limit, only the fetch of an attachment is retried.
            Advice::Wait => self.patience,
            // The server may not have the attachment of a new message yet (§3.2).
            Advice::CheckMessage if self.patience.is_some() => {
                Some(*self.missing_since.get_or_insert(elapsed) + NOT_YET)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use wx_emulator::{Emulator, Incoming};
    use wx_proto::{Policy, Session};

    use super::*;
    use crate::args::{Args, Transport};
    use crate::client::Client;

    /// The command of `watch` is run there, which may take minutes.
    #[test]
    fn each_long_poll_is_announced_once() {
        for transport in [Transport::Ureq, Transport::Reqwest] {
            let report = Report::new(&Args::parse_from(["wx", "demo"]).global, Vec::new());
            let fault = "status=503@synccheck#2".parse().unwrap();
            let builder = Emulator::builder().fault(fault).hold(Duration::from_millis(20));
            let emulator = builder.start().unwrap();
            let session = Session::from_json_allow_loopback(emulator.session_json()).unwrap();
            let mut policy = Policy::default();
            policy.back_off = Duration::from_millis(1);
            let client = Client::new(transport, session, policy).unwrap();
            client.restore(report.options()).unwrap();
            let mut polls = 0;
            let retry = RetryUntil::new(&report);
            let options = retry.options_with(|| {
                polls += 1;
                if polls == 5 {
                    emulator.deliver(Incoming::text("at last"));
                }
            });
            assert_eq!(client.next_batch(options.cancel(&CancelToken::new())).unwrap().len(), 1);
            assert_eq!((polls, emulator.requests_to("synccheck")), (5, 5));
        }
    }

    #[test]
    fn a_missing_attachment_is_waited_for_after_other_errors_too() {
        let seconds = Duration::from_secs;
        let mut limit = RetryLimit { patience: Some(PATIENCE), missing_since: None };
        assert_eq!(limit.end(Some(Advice::CheckNetwork), seconds(1)), Some(PATIENCE));
        assert_eq!(limit.end(Some(Advice::CheckMessage), seconds(100)), Some(seconds(120)));
        assert_eq!(limit.end(Some(Advice::RetryLater), seconds(102)), Some(PATIENCE));
        assert_eq!(limit.end(Some(Advice::CheckMessage), seconds(110)), Some(seconds(120)));
        assert_eq!(limit.end(Some(Advice::Wait), seconds(110)), Some(PATIENCE));
        // Not only what the rest of the batch has left over.
        let mut limit = RetryLimit { patience: Some(Duration::ZERO), missing_since: None };
        assert_eq!(limit.end(Some(Advice::CheckMessage), seconds(1)), Some(seconds(21)));
        assert_eq!(limit.end(Some(Advice::CheckNetwork), seconds(1)), Some(Duration::ZERO));
    }

    #[test]
    fn polls_are_retried_forever_but_not_after_a_rate_limit() {
        let mut limit = RetryLimit { patience: None, missing_since: None };
        for (advice, end) in [
            (Advice::CheckNetwork, Some(Duration::MAX)),
            (Advice::RetryLater, Some(Duration::MAX)),
            (Advice::Wait, None),
            (Advice::CheckMessage, None),
            (Advice::LoginAgain, None),
        ] {
            assert_eq!(limit.end(Some(advice), Duration::ZERO), end, "{advice:?}");
        }
        assert_eq!(limit.end(None, Duration::ZERO), None);
    }
}
