//! A command's work on a thread of its own, so that Ctrl-C ends it at any moment.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
#[cfg(unix)]
use std::task::Poll;
use std::thread;
use std::time::Duration;

use wx_client::temp_file;

use crate::out;
use crate::problem::Class;
use crate::report::Report;

/// A request of the user to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    Interrupt,
    /// SIGTERM, or SIGHUP: the terminal was closed.
    Terminate,
}

enum News {
    Done { panicked: bool },
    Signal(Signal),
}

/// How long the work has to stop by itself, and to tell more than can be told from outside.
const GRACE: Duration = Duration::from_millis(300);

/// Does the work and gives the exit code. The work is left where it is when a signal comes.
pub(crate) fn run(report: Report, work: impl FnOnce(&Report) + Send + 'static) -> ExitCode {
    let report = Arc::new(report);
    let (tell, news) = mpsc::channel();
    let tell_signal = tell.clone();
    let threads = thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            if let Ok(signal) = Signals::catch().and_then(Signals::wait) {
                let _ = tell_signal.send(News::Signal(signal));
            }
        })
        .and_then(|_| {
            let report = Arc::clone(&report);
            thread::Builder::new().name("work".to_owned()).spawn(move || {
                let panicked = catch_unwind(AssertUnwindSafe(|| work(&report))).is_err();
                let _ = tell.send(News::Done { panicked });
            })
        });
    if let Err(error) = threads {
        out::error(&format!("no thread could be started: {}", out::words(&error)));
        return ExitCode::FAILURE;
    }
    match news.recv() {
        Ok(News::Done { panicked: false }) => ExitCode::from(report.finish()),
        Ok(News::Signal(signal)) => {
            report.stop();
            let unknown = match news.recv_timeout(GRACE) {
                Ok(News::Done { .. }) => report.finish() == 4,
                _ => report.interrupt() == Class::Unknown,
            };
            temp_file::remove_before_exit();
            ExitCode::from(match signal {
                _ if unknown => 4,
                Signal::Interrupt => 130,
                Signal::Terminate => 143,
            })
        }
        Ok(News::Done { panicked: true }) | Err(_) => {
            temp_file::remove_before_exit();
            ExitCode::from(report.finish().max(1))
        }
    }
}

/// SIGXFSZ.
#[cfg(target_os = "linux")]
const XFSZ: i32 = 25;

/// Ctrl-C, SIGTERM and SIGHUP, caught from here on.
pub(crate) struct Signals {
    runtime: tokio::runtime::Runtime,
    #[cfg(unix)]
    caught: Vec<(Signal, tokio::signal::unix::Signal)>,
}

impl Signals {
    /// Catches them: after this none of them ends the process by itself.
    pub(crate) fn catch() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        #[cfg(unix)]
        let caught = {
            use tokio::signal::unix::{SignalKind, signal};
            let _inside = runtime.enter();
            let mut wanted = vec![
                (Signal::Interrupt, SignalKind::interrupt()),
                (Signal::Terminate, SignalKind::terminate()),
            ];
            if !ignores_hangup() {
                wanted.push((Signal::Terminate, SignalKind::hangup()));
            }
            // A file that may not grow (`ulimit -f`) is then an error of the write, and can be told.
            #[cfg(target_os = "linux")]
            drop(signal(SignalKind::from_raw(XFSZ)));
            let catch = |(name, kind)| Ok((name, signal(kind)?));
            wanted.into_iter().map(catch).collect::<io::Result<_>>()?
        };
        Ok(Self {
            runtime,
            #[cfg(unix)]
            caught,
        })
    }

    /// Blocks until one comes, or has come since.
    #[cfg(unix)]
    pub(crate) fn wait(mut self) -> io::Result<Signal> {
        let first = std::future::poll_fn(|context| {
            let mut caught = self.caught.iter_mut();
            let came =
                caught.find_map(|(name, signal)| signal.poll_recv(context).is_ready().then_some(*name));
            came.map_or(Poll::Pending, Poll::Ready)
        });
        Ok(self.runtime.block_on(first))
    }

    /// Blocks until one comes.
    #[cfg(not(unix))]
    pub(crate) fn wait(self) -> io::Result<Signal> {
        self.runtime.block_on(tokio::signal::ctrl_c()).map(|()| Signal::Interrupt)
    }
}

/// Whether the command was started to outlive its terminal, as `nohup` does: then SIGHUP stays ignored. Only Linux tells.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    // SIGHUP is signal 1, the lowest bit.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
