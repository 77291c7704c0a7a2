//! Prints whole lines that are safe for a terminal and contain no secrets of the login. A broken
//! pipe does not cause a panic.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use wx_proto::ErrorChain;

use crate::{escape, withhold};

/// Whether a line could not be written to standard output for a reason other than a closed pipe.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether the reader of standard output has closed it.
static GONE: AtomicBool = AtomicBool::new(false);

/// Returns the text as it is printed.
pub(crate) fn shown(text: &str) -> String {
    escape::shown(&withhold::in_text(text))
}

/// Prints a line on standard output.
pub(crate) fn line(text: impl Display) {
    result(&shown(&text.to_string()));
}

/// Prints a JSON object on standard output.
pub(crate) fn json(value: &serde_json::Value) {
    result(&json_line(value));
}

/// Returns a JSON object as it is printed.
pub(crate) fn json_line(value: &serde_json::Value) -> String {
    escape::shown_json(&withhold::in_json(value).to_string())
}

/// Returns whether a line could not be written to standard output for a reason other than a closed
/// pipe.
pub(crate) fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Returns whether standard output is still open.
pub(crate) fn is_open() -> bool {
    !lost() && !GONE.load(Ordering::Relaxed)
}

/// Work continues even if the disk is full. The error is reported at the end.
fn result(line: &str) {
    let written = write(io::stdout().lock(), line);
    if let Err(error) = written {
        let flag = if error.kind() == io::ErrorKind::BrokenPipe { &GONE } else { &LOST };
        flag.store(true, Ordering::Relaxed);
    }
}

/// Prints a line on standard error that begins with the name of the command.
pub(crate) fn error(text: &str) {
    note(format!("wx: {text}"));
}

/// Prints a line on standard error.
pub(crate) fn note(text: impl Display) {
    // Work continues even if standard error is closed.
    let _ = write(io::stderr().lock(), &shown(&text.to_string()));
}

fn write(mut to: impl Write, line: &str) -> io::Result<()> {
    writeln!(to, "{line}").and_then(|()| to.flush())
}

/// Returns the messages of an error and its causes, without the operating system's error numbers.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> String {
    without_numbers(&ErrorChain(error).to_string())
}

fn without_numbers(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| before + part.split_once(')').map_or("", |(_, after)| after))
}

/// Returns whether to print colours on standard error.
pub(crate) fn colours() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    io::stderr().is_terminal()
        && set("NO_COLOR").is_none()
        && set("TERM").is_none_or(|term| term != "dumb")
}

/// Returns a progress bar on standard error, if that is a terminal.
pub(crate) fn bar() -> Option<ProgressBar> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{wide_msg} {bar:30} {bytes}/{total_bytes}");
    Some(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_errors_without_numbers() {
        let error = std::fs::File::open("/no/such/file").unwrap_err();
        assert!(!error_chain(&error).contains("os error"), "{error}");
        assert_eq!(
            without_numbers("a: no space (os error 28): b: (no): no (os error 2)"),
            "a: no space: b: (no): no"
        );
    }
}
