//! Records everything that a program logs with the `log` crate.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use log::{Level, LevelFilter, Log, Metadata, Record};

/// The logger of a test process.
#[derive(Debug)]
pub struct LogLines {
    lines: Mutex<Vec<Line>>,
    /// The crates whose trace level can be switched off.
    capped: &'static [&'static str],
    /// Whether their trace level is switched off.
    cap: AtomicBool,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Line {
    /// The target, which by default is the module that logged the line.
    pub target: String,
    /// Its level.
    pub level: Level,
    /// Its text.
    pub text: String,
}

/// Returns the crate that a target belongs to.
pub fn root(target: &str) -> &str {
    target.split("::").next().unwrap()
}

/// Returns the crates that have logged a line for which `matches` returns true, each once.
pub fn roots(lines: &[Line], matches: impl Fn(&Line) -> bool) -> Vec<&str> {
    let mut roots: Vec<_> =
        lines.iter().filter(|line| matches(line)).map(|line| root(&line.target)).collect();
    roots.sort_unstable();
    roots.dedup();
    roots
}

impl LogLines {
    /// Creates the logger. [`LogLines::cap`] affects the crates in `capped`.
    pub const fn new(capped: &'static [&'static str]) -> Self {
        Self { lines: Mutex::new(Vec::new()), capped, cap: AtomicBool::new(false) }
    }

    /// Installs this logger in the process.
    pub fn install(&'static self) {
        log::set_logger(self).unwrap();
        log::set_max_level(LevelFilter::Trace);
    }

    /// Switches off the trace level of the capped crates.
    pub fn cap(&self) {
        self.cap.store(true, Ordering::SeqCst);
    }

    /// Returns the lines logged since the last call.
    pub fn take(&self) -> Vec<Line> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

impl Log for LogLines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let is_off =
            self.cap.load(Ordering::SeqCst) && self.capped.contains(&root(metadata.target()));
        metadata.level() < Level::Trace || !is_off
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let (target, level) = (record.target().to_owned(), record.level());
            self.lines.lock().unwrap().push(Line {
                target,
                level,
                text: record.args().to_string(),
            });
        }
    }

    fn flush(&self) {}
}
