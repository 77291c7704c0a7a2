//! Prints whole lines that are safe for a terminal and contain no secrets of the login. A broken
//! pipe does not cause a panic.

mod standard_output;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use wx_proto::ErrorChain;

use crate::{escape, withhold};

pub(crate) use self::standard_output::check;

/// Why a line could not be written to standard output, if the reason is not a closed pipe.
static LOST: OnceLock<String> = OnceLock::new();

/// Whether the reader of standard output has closed it.
static GONE: AtomicBool = AtomicBool::new(false);

/// Whether a receipt could not be written to standard output.
static LOST_RECEIPT: AtomicBool = AtomicBool::new(false);

/// Why nothing can be written to standard output after its reader has closed it.
pub(crate) const CLOSED: &str = "its reader has closed it";

/// Returns the text as it is printed.
pub(crate) fn shown(text: &str) -> String {
    escape::shown(&withhold::in_text(text))
}

/// Prints a line on standard output. Work continues even if that fails.
pub(crate) fn line(text: impl Display) {
    let _ = result(&shown(&text.to_string()));
}

/// Prints a JSON object on standard output. Work continues even if that fails.
pub(crate) fn json(value: &serde_json::Value) {
    let _ = result(&json_line(value));
}

/// Prints the result of something that must not be done twice: `line`, or the event instead. If
/// standard output cannot be written, prints `line` on standard error.
pub(crate) fn receipt(line: &str, event: Option<&serde_json::Value>) {
    let written = result(&event.map_or_else(|| shown(line), json_line));
    if let Err(error) = written {
        LOST_RECEIPT.store(true, Ordering::Relaxed);
        let why = match error.kind() {
            io::ErrorKind::BrokenPipe => CLOSED.to_owned(),
            _ => error_chain(&error),
        };
        note(format!("wx: {line}; standard output could not be written: {why}"));
    } else if standard_output::may_be_closed() {
        note(line);
    }
}

/// Returns a JSON object as it is printed.
pub(crate) fn json_line(value: &serde_json::Value) -> String {
    escape::shown_json(&withhold::in_json(value).to_string())
}

/// Returns why a line could not be written to standard output, if the reason is not a closed pipe.
pub(crate) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// Returns whether a receipt was printed on standard error, because standard output could not be
/// written.
pub(crate) fn is_receipt_lost() -> bool {
    LOST_RECEIPT.load(Ordering::Relaxed)
}

/// Returns why standard output can no longer be written, if that is so.
pub(crate) fn unwritable() -> Option<&'static str> {
    lost().or_else(|| GONE.load(Ordering::Relaxed).then_some(CLOSED))
}

/// Prints a line on standard output, and remembers an error, which is reported at the end.
fn result(line: &str) -> io::Result<()> {
    write(io::stdout().lock(), line).inspect_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => GONE.store(true, Ordering::Relaxed),
        _ => drop(LOST.set(error_chain(error))),
    })
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
