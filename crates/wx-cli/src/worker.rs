//! Runs the work of a command on its own thread, so that Ctrl-C can end the command at any time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use wx_client::temp_file;

use crate::out;
use crate::problem::Class;
use crate::report::Report;
use crate::signals::{Signal, Signals};

enum WorkerEvent {
    Done {
        panicked: bool,
    },
    Signal(Signal),
    /// The command ends although the work is still running.
    Leave,
}

/// How long the work may take to stop by itself. It can report more than the main thread can.
pub(crate) const GRACE: Duration = Duration::from_millis(300);

/// Runs the work and returns the exit code. A signal ends the work. Work that must be finished is
/// only ended by a second signal.
pub(crate) fn run(report: Report, work: impl FnOnce(&Report) + Send + 'static) -> ExitCode {
    let report = Arc::new(report);
    let (tell, events) = mpsc::channel();
    // Signals are caught before the work opens a file, so that only one line is printed if no file
    // can be opened.
    let mut signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => {
            out::error(&format!("signals cannot be caught: {}", out::error_chain(&error)));
            return ExitCode::FAILURE;
        }
    };
    let tell_leave = tell.clone();
    report.on_leave(move || drop(tell_leave.send(WorkerEvent::Leave)));
    let tell_signal = tell.clone();
    let threads = thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            while let Ok(signal) = signals.wait() {
                let _ = tell_signal.send(WorkerEvent::Signal(signal));
            }
        })
        .and_then(|_| {
            let report = Arc::clone(&report);
            thread::Builder::new().name("work".to_owned()).spawn(move || {
                let panicked = catch_unwind(AssertUnwindSafe(|| work(&report))).is_err();
                let _ = tell.send(WorkerEvent::Done { panicked });
            })
        });
    if let Err(error) = threads {
        out::error(&format!("no thread could be started: {}", out::error_chain(&error)));
        return ExitCode::FAILURE;
    }
    match events.recv() {
        Ok(WorkerEvent::Done { panicked: false }) => ExitCode::from(report.finish()),
        Ok(WorkerEvent::Signal(signal)) => {
            report.stop();
            let mut next = within(GRACE, &events);
            if next.is_err()
                && let Some(work) = report.unfinished()
            {
                report.warn(work.waiting());
                next = events.recv().map_err(Into::into);
                if matches!(next, Ok(WorkerEvent::Signal(_))) {
                    report.hurry();
                    next = within(GRACE, &events);
                }
            }
            let unknown = match next {
                Ok(WorkerEvent::Done { .. }) => report.finish() == 4,
                _ => {
                    if let Some(work) = report.unfinished() {
                        report.warn(work.abandoned());
                    }
                    report.interrupt() == Class::Unknown
                }
            };
            temp_file::remove_before_exit();
            ExitCode::from(match signal {
                _ if unknown => 4,
                Signal::Interrupt => 130,
                Signal::Terminate => 143,
            })
        }
        Ok(WorkerEvent::Leave) => {
            let code = report.finish_early();
            temp_file::remove_before_exit();
            ExitCode::from(code)
        }
        Ok(WorkerEvent::Done { panicked: true }) | Err(_) => {
            temp_file::remove_before_exit();
            ExitCode::from(report.finish().max(1))
        }
    }
}

/// Waits up to this long for the end of the work. Ignores further signals, because they often
/// arrive in pairs: from the terminal and from the parent process.
fn within(
    grace: Duration,
    events: &Receiver<WorkerEvent>,
) -> Result<WorkerEvent, RecvTimeoutError> {
    let until = Instant::now() + grace;
    loop {
        match events.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(WorkerEvent::Signal(_)) => {}
            end => return end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_signal_at_once_cuts_no_grace_short() {
        let (tell, events) = mpsc::channel();
        tell.send(WorkerEvent::Signal(Signal::Terminate)).unwrap();
        tell.send(WorkerEvent::Done { panicked: false }).unwrap();
        assert!(matches!(within(Duration::from_secs(60), &events), Ok(WorkerEvent::Done { .. })));
        tell.send(WorkerEvent::Signal(Signal::Interrupt)).unwrap();
        let nothing = within(Duration::from_millis(1), &events);
        assert!(matches!(nothing, Err(RecvTimeoutError::Timeout)));
    }
}
