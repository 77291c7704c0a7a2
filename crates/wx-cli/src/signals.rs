//! Ctrl-C, SIGTERM and SIGHUP.

use std::io;
#[cfg(unix)]
use std::sync::Arc;

/// A request by the user to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    Interrupt,
    /// SIGTERM, or SIGHUP because the terminal was closed.
    Terminate,
}

/// Catches the signals that ask the command to stop.
#[cfg(unix)]
pub(crate) struct Signals(signal_hook::iterator::Signals);

#[cfg(unix)]
impl Signals {
    /// Catches the signals. From then on, none of them ends the process by itself.
    pub(crate) fn catch() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let mut wanted = vec![SIGINT, SIGTERM];
        if !ignores_hangup() {
            wanted.push(SIGHUP);
        }
        // Without a handler, SIGXFSZ ends the process. With one, writing to a file that must not
        // grow (`ulimit -f`) is an error, which is reported.
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default())?;
        Ok(Self(signal_hook::iterator::Signals::new(wanted)?))
    }

    /// Blocks until the next signal, which may have arrived already.
    pub(crate) fn wait(&mut self) -> io::Result<Signal> {
        match self.0.forever().next() {
            Some(signal_hook::consts::SIGINT) => Ok(Signal::Interrupt),
            Some(_) => Ok(Signal::Terminate),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// Returns whether SIGHUP was ignored when the command started, as with `nohup`. It then stays
/// ignored. Only Linux provides this information.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    // SIGHUP is signal 1, the lowest bit.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// Ctrl-C.
#[cfg(not(unix))]
pub(crate) struct Signals(tokio::runtime::Runtime);

#[cfg(not(unix))]
impl Signals {
    /// Prepares to catch Ctrl-C.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self(tokio::runtime::Builder::new_current_thread().enable_all().build()?))
    }

    /// Blocks until Ctrl-C.
    pub(crate) fn wait(&mut self) -> io::Result<Signal> {
        self.0.block_on(tokio::signal::ctrl_c()).map(|()| Signal::Interrupt)
    }
}
