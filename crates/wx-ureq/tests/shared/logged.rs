//! All that is said to `log`.

#![allow(dead_code)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use log::{Level, LevelFilter, Log, Metadata, Record};

/// The one logger of a process.
pub(crate) struct Logged {
    lines: Mutex<Vec<Line>>,
    /// The crates that a cap is for.
    capped: &'static [&'static str],
    /// Whether trace is off for these.
    cap: AtomicBool,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) target: String,
    pub(crate) level: Level,
    pub(crate) text: String,
}

/// The crate of a target.
pub(crate) fn root(target: &str) -> &str {
    target.split("::").next().unwrap()
}

/// The crates with a line for which `matches`, each once.
pub(crate) fn roots(lines: &[Line], matches: impl Fn(&Line) -> bool) -> Vec<&str> {
    let mut roots: Vec<_> =
        lines.iter().filter(|line| matches(line)).map(|line| root(&line.target)).collect();
    roots.sort_unstable();
    roots.dedup();
    roots
}

impl Logged {
    pub(crate) const fn new(capped: &'static [&'static str]) -> Self {
        Self { lines: Mutex::new(Vec::new()), capped, cap: AtomicBool::new(false) }
    }

    pub(crate) fn install(&'static self) {
        log::set_logger(self).unwrap();
        log::set_max_level(LevelFilter::Trace);
    }

    pub(crate) fn cap(&self) {
        self.cap.store(true, Ordering::SeqCst);
    }

    /// What was said since the last time.
    pub(crate) fn take(&self) -> Vec<Line> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

impl Log for Logged {
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
