//! All that is printed passes here: whole lines, safe for a terminal, and a broken pipe is no panic.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whether a line on standard output was lost though somebody may want it.
static LOST: AtomicBool = AtomicBool::new(false);

/// Whether nobody reads standard output any more.
static GONE: AtomicBool = AtomicBool::new(false);

/// A line on standard output.
pub(crate) fn line(text: impl Display) {
    result(&shown(&text.to_string()));
}

/// A JSON object on standard output.
pub(crate) fn json(value: &serde_json::Value) {
    result(&shown_json(&value.to_string()));
}

/// Whether something could not be written to standard output, a reader that went away apart.
pub(crate) fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Whether what is told from here on reaches anybody.
pub(crate) fn is_heard() -> bool {
    !lost() && !GONE.load(Ordering::Relaxed)
}

/// A full disk is no reason to stop half way either, but to say so in the end.
fn result(line: &str) {
    let written = write(io::stdout().lock(), line);
    if let Err(error) = written {
        let flag = if error.kind() == io::ErrorKind::BrokenPipe { &GONE } else { &LOST };
        flag.store(true, Ordering::Relaxed);
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

/// What a terminal might act on, or show as if it were not there.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// JSON with the same characters written as escapes. They can only be inside its strings.
fn shown_json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            let units =
                c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            safe.push_str(&units);
        } else {
            safe.push(c);
        }
    }
    safe
}

/// The text with everything escaped that a terminal might act on: control characters, line breaks, and the marks that
/// turn the direction of writing around.
pub(crate) fn shown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) { safe.extend(c.escape_default()) } else { safe.push(c) }
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

/// Whether standard error shows colours.
pub(crate) fn colours() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    io::stderr().is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
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
        // An 8-bit control sequence, marks of direction, marks without width, a tag.
        for hidden in
            ['\u{9b}', '\u{61c}', '\u{2067}', '\u{200b}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{e0041}']
        {
            assert_eq!(shown(&hidden.to_string()), hidden.escape_default().to_string());
            let json = serde_json::json!({ "a": format!("x{hidden}\n\u{1b}y") });
            let text = shown_json(&json.to_string());
            assert!(!text.contains(is_unsafe), "{text:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), json);
        }
    }

    #[test]
    fn io_errors_without_numbers() {
        let error = std::fs::File::open("/no/such/file").unwrap_err();
        assert!(!words(&error).contains("os error"), "{error}");
        assert_eq!(words(&"a: no space (os error 28); b"), "a: no space; b");
    }
}
