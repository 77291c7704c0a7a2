//! All that is printed passes here: whole lines, safe for a terminal, and a broken pipe is no panic.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whether a line on standard output was lost though somebody may want it.
static LOST: AtomicBool = AtomicBool::new(false);

/// A line on standard output.
pub(crate) fn line(text: impl Display) {
    result(&shown(&text.to_string()));
}

/// A JSON object on standard output.
pub(crate) fn json(value: &serde_json::Value) {
    result(&value.to_string());
}

/// Whether something could not be written to standard output, a reader that went away apart.
pub(crate) fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// A full disk is no reason to stop half way either, but to say so in the end.
fn result(line: &str) {
    let written = write(io::stdout().lock(), line);
    if written.is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// A line on standard error that begins with the command's name.
pub(crate) fn error(text: &str) {
    note(format!("wx: {text}"));
}

/// A line on standard error.
pub(crate) fn note(text: impl Display) {
    // Nobody may be listening any more, which is no reason to stop half way.
    let _ = write(io::stderr().lock(), &shown(&text.to_string()));
}

fn write(mut to: impl Write, line: &str) -> io::Result<()> {
    writeln!(to, "{line}").and_then(|()| to.flush())
}

/// The text with everything escaped that a terminal might act on: control characters, line breaks, and the marks that
/// turn the direction of writing around.
pub(crate) fn shown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns { safe.extend(c.escape_default()) } else { safe.push(c) }
    }
    safe
}

/// An error's text without the system's error number.
pub(crate) fn words(error: &impl Display) -> String {
    let text = error.to_string();
    let Some((before, rest)) = text.split_once(" (os error ") else { return text };
    let after = rest.split_once(')').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

/// A progress bar on standard error, if that is a terminal.
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
    fn nothing_reaches_the_terminal_raw() {
        assert_eq!(shown("图片 \"1\" 😀.jpg"), "图片 \"1\" 😀.jpg");
        assert_eq!(shown("a\n\u{1b}[2J\u{202e}gpj"), "a\\n\\u{1b}[2J\\u{202e}gpj");
    }

    #[test]
    fn io_errors_without_numbers() {
        let error = std::fs::File::open("/no/such/file").unwrap_err();
        assert!(!words(&error).contains("os error"), "{error}");
        assert_eq!(words(&"a: no space (os error 28); b"), "a: no space; b");
    }
}
