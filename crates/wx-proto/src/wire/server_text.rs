//! What a server says, on its way into an error.
//!
//! A server knows every secret of the login and can send any of them back, in any spelling. So no
//! run of eight or more printable ASCII characters of its text is ever shown, and neither is a run
//! of that length in the first bytes of a body: no secret, no ticket and no code of a login has
//! another alphabet, however it is encoded. Short words, numbers and all other scripts stay
//! readable.

use std::fmt::{self, Write};

/// What can be shown in one piece.
const LONGEST_RUN: usize = 7;
/// As many characters of a server's words are shown.
const LONGEST_TEXT: usize = 200;
/// In the place of what is not shown.
const WITHHELD: char = '…';

/// The words of a server, on one line and not without end.
pub(crate) fn words(text: &str) -> String {
    // What is invisible goes first, so that it cannot hold two short runs apart.
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    runs(&visible, |c| c.is_ascii_graphic()).chars().take(LONGEST_TEXT).collect()
}

/// A host that a server named. The labels of a host are shorter than what is in them is long.
pub(crate) fn host(text: &str) -> String {
    if crate::hosts::official(text).is_some() {
        return text.to_owned();
    }
    let shown = runs(text, |c| c.is_ascii_graphic() && c != '.');
    // A value with dots in it would be shown label by label, so only the last four labels are: an
    // address, or a name with its domain.
    let from = shown.rmatch_indices('.').nth(3).map_or(0, |(at, _)| at + 1);
    shown[from..].to_owned()
}

/// The text with [`WITHHELD`] for each long run of the characters that `is_in_run` says.
fn runs(text: &str, is_in_run: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len().min(LONGEST_TEXT));
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_run = is_in_run(first);
        let end = rest.find(|c| is_in_run(c) != in_run).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if in_run && run.len() > LONGEST_RUN {
            shown.push(WITHHELD);
        } else {
            shown.push_str(run);
        }
        rest = after;
    }
    shown
}

/// Control characters, and those that show nothing between two others.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// The first bytes of a body that is nothing known: at most 16, in hexadecimal, and fewer if they
/// are text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstBytes(String);

impl FirstBytes {
    /// Returns what is shown of a body that begins with `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut run = 0;
        let mut text = String::new();
        for byte in bytes.iter().take(16) {
            run = if byte.is_ascii_graphic() { run + 1 } else { 0 };
            if run > LONGEST_RUN {
                text.push(WITHHELD);
                break;
            }
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{byte:02x}", if text.is_empty() { "" } else { " " });
        }
        Self(text)
    }
}

impl fmt::Display for FirstBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_words_and_other_scripts_stay() {
        for text in ["", "no way", "不行", "系统繁忙，请稍后再试", "a b c 1203", "wait 5 min."]
        {
            assert_eq!(words(text), text);
        }
        assert_eq!(words("the key @crypt_a936502b is old: 不行"), "the key … is old: 不行");
        assert_eq!(words(&"长".repeat(500)), "长".repeat(LONGEST_TEXT));
        assert_eq!(words("a\u{1b}[2J\nb"), "a[2Jb");
    }

    #[test]
    fn no_run_of_eight_is_left_however_it_is_held_apart() {
        for c in ['\n', '\0', '\u{1b}', '\u{200b}', '\u{feff}', '\u{ad}', '\u{202e}', '\u{e0041}'] {
            assert_eq!(words(&format!("@cry{c}pt_a9")), "…", "{c:?}");
        }
        assert_eq!(words("1234567"), "1234567");
        assert_eq!(words("12345678"), "…");
        // Taken out before it is cut: what is left of a long run is none.
        let text = format!("{} 12345678", "长".repeat(LONGEST_TEXT - 3));
        assert_eq!(words(&text).chars().last(), Some('…'));
    }

    #[test]
    fn of_a_host_the_short_labels_are_shown() {
        for whole in
            ["evil.example", "10.0.0.1", "wx2.qq.com", "szfilehelper.weixin.qq.com", "[::1]"]
        {
            assert_eq!(host(whole), whole);
        }
        assert_eq!(host("oMrabhVznekD3NaC.evil.example"), "….evil.example");
        assert_eq!(host("a.b.c.d.e.f.g"), "d.e.f.g");
        assert_eq!(host("oMrabhVznekD3NaC"), "…");
    }

    #[test]
    fn first_bytes_tell_a_format_and_no_text() {
        assert_eq!(FirstBytes::of(b"\xff\xd8\xffx").to_string(), "ff d8 ff 78");
        let jxl = FirstBytes::of(b"\0\0\0\x0cJXL \r\n\x87\n...........").to_string();
        assert_eq!(jxl, "00 00 00 0c 4a 58 4c 20 0d 0a 87 0a 2e 2e 2e 2e");
        assert_eq!(FirstBytes::of(b"@crypt_a936502b").to_string(), "40 63 72 79 70 74 5f…");
        assert_eq!(FirstBytes::of(b"").to_string(), "");
    }
}
