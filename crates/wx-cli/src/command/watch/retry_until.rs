//! Retries while the network or the server fails, and reports when a failure begins and ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wx_client::{CancelToken, RunOptions};
use wx_proto::{Advice, Step};

use crate::out;
use crate::problem::Problem;
use crate::report::Report;

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

impl<'a> RetryUntil<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        Self { report, is_failing: AtomicBool::new(false) }
    }

    /// Calls `attempt` until it succeeds, its problem is not transient, `patience` has elapsed, or
    /// `token` is cancelled. The waits in between grow.
    pub(super) fn run<T>(
        &self,
        token: &CancelToken,
        patience: Option<Duration>,
        mut attempt: impl FnMut() -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let begun = Instant::now();
        let mut wait = SHORTEST;
        loop {
            let problem = match attempt() {
                Ok(done) => {
                    self.end();
                    return Ok(done);
                }
                Err(problem) => problem,
            };
            let patience = match problem.advice {
                Some(Advice::CheckNetwork | Advice::RetryLater | Advice::CheckProxy) => patience,
                // After a rate limit, only the fetch of an attachment is retried.
                Some(Advice::Wait) if patience.is_some() => patience,
                // The server may not have the attachment of a new message yet (§3.2).
                Some(Advice::CheckMessage) if patience.is_some() => Some(NOT_YET),
                _ => return Err(problem),
            };
            let is_patient = patience.is_none_or(|patience| begun.elapsed() + wait < patience);
            if token.is_cancelled() {
                return Err(self.report.interrupted());
            }
            if !is_patient {
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
        self.report.options().progress(|progress| {
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
