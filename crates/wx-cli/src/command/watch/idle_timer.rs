//! Ends the wait for messages when no chosen one has arrived for a time.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wx_client::CancelToken;

use crate::problem::{Class, Problem};
use crate::report::Report;
use crate::worker::GRACE;

/// Cancels the wait for messages, but neither a download nor a command.
pub(super) struct IdleTimer<'a> {
    report: &'a Report,
    limit: Option<Duration>,
    since: Instant,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Cancelled when the time has passed, or when the work is stopped.
    token: CancelToken,
    phase: Mutex<Phase>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Working,
    /// Waiting for messages until this time.
    Waiting(Instant),
    /// The process is about to exit in the middle of a wait.
    Leaving,
}

impl<'a> IdleTimer<'a> {
    /// Starts the time. Without a limit, only a stop of the work ends the wait.
    pub(super) fn start(limit: Option<Duration>, report: &'a Report) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        report.link(&shared.token);
        if limit.is_some() {
            let (shared, leave) = (Arc::clone(&shared), report.leave());
            let run = move || {
                shared.cancel_at_the_end();
                if shared.is_stuck() {
                    leave();
                }
            };
            thread::Builder::new().name("idle".to_owned()).spawn(run)?;
        }
        Ok(Self { report, limit, since: Instant::now(), shared })
    }

    /// Starts the time anew, because a chosen message was handled.
    pub(super) fn restart(&mut self) {
        self.since = Instant::now();
    }

    /// Runs `work`, which stops once the token is cancelled. Returns `None` if the time has passed.
    ///
    /// Never returns if `work` goes on for long after that. A blocking transport does, because it
    /// cannot cancel a long poll. The command then ends without it. Nothing is lost, because the
    /// session file is not yet past the messages that it may still receive.
    pub(super) fn wait<T>(
        &self,
        work: impl FnOnce(&CancelToken) -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        let token = &self.shared.token;
        self.begin_wait();
        let done = work(token);
        self.shared.set(Phase::Working);
        match done {
            Err(problem)
                if problem.class == Class::Stopped
                    && token.is_cancelled()
                    && !self.report.stopped() =>
            {
                Ok(None)
            }
            done => done.map(Some),
        }
    }

    /// Interrupts the wait for other work, which the end of the time does not end.
    pub(super) fn interrupt<T>(&self, work: impl FnOnce() -> T) -> T {
        self.shared.set(Phase::Working);
        let done = work();
        self.begin_wait();
        done
    }

    fn begin_wait(&self) {
        if let Some(limit) = self.limit {
            self.shared.set(Phase::Waiting(self.since + limit));
        }
    }
}

impl Shared {
    fn set(&self, phase: Phase) {
        let mut now = self.phase();
        while *now == Phase::Leaving {
            now = self.changed.wait(now).unwrap_or_else(PoisonError::into_inner);
        }
        *now = phase;
        self.changed.notify_all();
    }

    /// Waits until the time has passed, and cancels the token.
    fn cancel_at_the_end(&self) {
        let mut phase = self.phase();
        loop {
            phase = match *phase {
                Phase::Waiting(end) => match end.saturating_duration_since(Instant::now()) {
                    Duration::ZERO => break,
                    left => self.wait_for_change(phase, left),
                },
                _ => self.changed.wait(phase).unwrap_or_else(PoisonError::into_inner),
            };
        }
        drop(phase);
        self.token.cancel();
    }

    /// Returns whether the wait does not end although its token is cancelled. It is then kept from
    /// continuing.
    fn is_stuck(&self) -> bool {
        let end = Instant::now() + GRACE;
        let mut phase = self.phase();
        while matches!(*phase, Phase::Waiting(_)) {
            match end.saturating_duration_since(Instant::now()) {
                Duration::ZERO => {
                    *phase = Phase::Leaving;
                    return true;
                }
                left => phase = self.wait_for_change(phase, left),
            }
        }
        false
    }

    fn wait_for_change<'p>(
        &self,
        phase: MutexGuard<'p, Phase>,
        time: Duration,
    ) -> MutexGuard<'p, Phase> {
        self.changed.wait_timeout(phase, time).unwrap_or_else(PoisonError::into_inner).0
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Args;

    fn report() -> Report {
        Report::new(&Args::parse_from(["wx", "demo"]).global, Vec::new())
    }

    /// Waits like a long poll.
    fn poll(token: &CancelToken, report: &Report) -> Result<(), Problem> {
        token.sleep(Duration::from_secs(20));
        assert!(token.is_cancelled(), "waited too long");
        Err(report.interrupted())
    }

    #[test]
    fn only_waiting_ends_when_the_time_has_passed() {
        let report = report();
        let limit = Duration::from_millis(50);
        let mut timer = IdleTimer::start(Some(limit), &report).unwrap();
        let arrived = timer.wait(|_| Ok(7)).unwrap();
        // A download or a command takes longer than the limit.
        thread::sleep(limit * 2);
        assert!(arrived == Some(7) && !timer.shared.token.is_cancelled());
        timer.restart();
        let waited = timer.wait(|token| {
            timer.interrupt(|| thread::sleep(limit * 2));
            token.sleep(limit * 400);
            Ok(())
        });
        assert!(waited.unwrap().is_some() && timer.shared.token.is_cancelled());
        assert!(timer.wait(|token| poll(token, &report)).unwrap().is_none());
        assert!(!report.stopped());
    }

    #[test]
    fn a_problem_is_reported_even_if_the_time_has_passed() {
        let report = report();
        let timer = IdleTimer::start(Some(Duration::ZERO), &report).unwrap();
        let ended = timer.wait(|token| {
            token.sleep(Duration::from_secs(20));
            Err::<(), _>(Problem::local("a problem", wx_proto::Advice::LoginAgain))
        });
        assert_eq!(&*ended.unwrap_err().message, "a problem");
    }

    #[test]
    fn a_stop_ends_the_wait_with_and_without_a_limit() {
        for limit in [None, Some(Duration::from_secs(3600))] {
            let report = report();
            let timer = IdleTimer::start(limit, &report).unwrap();
            report.stop();
            let ended = timer.wait(|token| poll(token, &report));
            assert_eq!(ended.unwrap_err().class, Class::Stopped);
        }
    }

    #[test]
    fn a_wait_that_cannot_be_cancelled_is_left() {
        let (tell, left) = std::sync::mpsc::channel();
        let (tell_done, done) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let report = report();
            report.on_leave(move || tell.send(()).unwrap());
            let timer = IdleTimer::start(Some(Duration::from_millis(10)), &report).unwrap();
            let ended = timer.wait(|_| {
                thread::sleep(GRACE * 2);
                Ok(())
            });
            let _ = tell_done.send(ended.is_ok());
        });
        left.recv_timeout(Duration::from_secs(20)).unwrap();
        // Its result is not handled, because the process exits.
        assert!(done.recv_timeout(GRACE * 2).is_err());
    }
}
