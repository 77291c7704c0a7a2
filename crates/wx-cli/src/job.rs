//! A command's work on a thread of its own, so that Ctrl-C ends it at any moment.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use crate::problem::Class;
use crate::report::Report;
use crate::{files, out};

/// A request of the user to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    Interrupt,
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
            forget_scratch();
            files::forget_locks();
            ExitCode::from(match signal {
                _ if unknown => 4,
                Signal::Interrupt => 130,
                Signal::Terminate => 143,
            })
        }
        Ok(News::Done { panicked: true }) | Err(_) => {
            forget_scratch();
            ExitCode::from(report.finish().max(1))
        }
    }
}

/// Ctrl-C and SIGTERM, caught from here on.
pub(crate) struct Signals {
    runtime: tokio::runtime::Runtime,
    #[cfg(unix)]
    caught: [(Signal, tokio::signal::unix::Signal); 2],
}

impl Signals {
    /// Catches them: after this none of them ends the process by itself.
    pub(crate) fn catch() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        #[cfg(unix)]
        let caught = {
            use tokio::signal::unix::{SignalKind, signal};
            let _inside = runtime.enter();
            [
                (Signal::Interrupt, signal(SignalKind::interrupt())?),
                (Signal::Terminate, signal(SignalKind::terminate())?),
            ]
        };
        Ok(Self {
            runtime,
            #[cfg(unix)]
            caught,
        })
    }

    /// Blocks until one comes, or has come since.
    #[cfg(unix)]
    pub(crate) fn wait(self) -> io::Result<Signal> {
        let [(interrupt, mut interrupted), (terminate, mut terminated)] = self.caught;
        Ok(self.runtime.block_on(async {
            tokio::select! {
                _ = interrupted.recv() => interrupt,
                _ = terminated.recv() => terminate,
            }
        }))
    }

    /// Blocks until one comes.
    #[cfg(not(unix))]
    pub(crate) fn wait(self) -> io::Result<Signal> {
        self.runtime.block_on(tokio::signal::ctrl_c()).map(|()| Signal::Interrupt)
    }
}

/// The directory of unfinished files, which a signal must not leave behind.
static SCRATCH: Mutex<Option<PathBuf>> = Mutex::new(None);

/// A new directory beside `path`, on the same file system. It goes with everything in it when this is dropped, and on a
/// signal as well.
pub(crate) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(crate) fn beside(path: &Path) -> io::Result<Self> {
        Self::within(files::parent(path), files::TEMPORARY)
    }

    /// As [`Scratch::beside`], in a directory, with what its name begins with.
    pub(crate) fn within(parent: &Path, prefix: &str) -> io::Result<Self> {
        // Held meanwhile: a signal in between must find it.
        let mut scratch = SCRATCH.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::Builder::new().prefix(prefix).tempdir_in(parent)?;
        *scratch = Some(dir.path().to_owned());
        Ok(Self(dir))
    }

    /// A path in it.
    pub(crate) fn file(&self) -> PathBuf {
        self.0.path().join("picture")
    }
}

fn forget_scratch() {
    let mut scratch = SCRATCH.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(path) = scratch.take() {
        let _ = std::fs::remove_dir_all(path);
    }
    // The work must not begin another one while the process ends.
    std::mem::forget(scratch);
}
