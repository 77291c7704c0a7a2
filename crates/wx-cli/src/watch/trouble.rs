//! Waits out trouble with the network or the server, and reports its beginning, its reason and its
//! end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wx_proto::flow::Progress;
use wx_proto::{Advice, Step};

use crate::batch;
use crate::out;
use crate::problem::Problem;
use crate::report::Report;
use crate::transport::Ears;

pub(super) struct Trouble<'a> {
    report: &'a Report,
    now: AtomicBool,
}

/// How long a picture is tried that cannot be had for trouble that may pass.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
/// How long one is tried that the server does not have.
const NOT_YET: Duration = Duration::from_secs(20);
const SHORTEST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(60);

impl<'a> Trouble<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        Self { report, now: AtomicBool::new(false) }
    }

    /// Does something over and over, with growing waits, while it is trouble that may pass.
    pub(super) fn ride_out<T>(
        &self,
        patience: Option<Duration>,
        mut what: impl FnMut() -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let begun = Instant::now();
        let mut wait = SHORTEST;
        loop {
            let problem = match what() {
                Ok(done) => {
                    self.over();
                    return Ok(done);
                }
                Err(problem) => problem,
            };
            let patience = match problem.advice {
                Some(Advice::CheckNetwork | Advice::RetryLater | Advice::CheckProxy) => patience,
                // Too many requests: that passes for a picture, before its turn is over for good.
                Some(Advice::Wait) if patience.is_some() => patience,
                // What was sent a moment ago is not always there yet (§3.2).
                Some(Advice::CheckMessage) if patience.is_some() => Some(NOT_YET),
                _ => return Err(problem),
            };
            let patient = patience.is_none_or(|patience| begun.elapsed() + wait < patience);
            if self.report.stopped() {
                return Err(self.report.interrupted());
            }
            if !patient {
                return Err(problem);
            }
            self.begins(&problem.message);
            batch::pause(wait, self.report);
            wait = (wait * 2).min(LONGEST);
        }
    }

    fn begins(&self, why: &str) {
        if !self.now.swap(true, Ordering::Relaxed) {
            self.report.warn(&format!("{why}; trying again"));
        }
    }

    fn over(&self) {
        if self.now.swap(false, Ordering::Relaxed) {
            self.report.warn("the server answers again");
        }
    }
}

impl Ears for Trouble<'_> {
    fn report(&self) -> &Report {
        self.report
    }

    fn progress(&self, progress: &Progress) {
        self.report.progress(progress);
        match (progress.step, &progress.last_error) {
            (Step::Sync, Some(error)) => self.begins(&out::words(error)),
            // A poll with nothing new was answered all the same.
            (Step::Sync, None) if progress.attempt == Some(1) => self.over(),
            _ => {}
        }
    }
}
