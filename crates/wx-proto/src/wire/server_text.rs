//! Text of a server that is shown in errors.
//!
//! A server knows every secret of the login and can send any of them back, in any encoding.
//! Secrets, tickets and login codes consist of printable ASCII characters in all of these
//! encodings. Therefore no run of eight or more such characters is ever shown, neither in a
//! server's text nor in the first bytes of a body. Short words, numbers and all other scripts
//! remain readable.

use crate::model::first_bytes::{LONGEST_RUN, WITHHELD};

/// The maximum number of characters that are shown.
const LONGEST_TEXT: usize = 200;

/// Returns the showable part of a server's message, on one line of limited length.
pub(crate) fn message(text: &str) -> String {
    // Invisible characters are removed first, so that they cannot split a long run.
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    runs(&visible, |c| c.is_ascii_graphic()).chars().take(LONGEST_TEXT).collect()
}

/// Returns the showable part of a host name from a server. Each label is checked separately.
pub(crate) fn host(text: &str) -> String {
    if crate::model::hosts::official(text).is_some() {
        return text.to_owned();
    }
    let shown = runs(text, |c| c.is_ascii_graphic() && c != '.');
    // A secret with dots could be shown label by label. Therefore only the last four labels are
    // shown, which suffice for an address or a domain.
    let from = shown.rmatch_indices('.').nth(3).map_or(0, |(at, _)| at + 1);
    shown[from..].to_owned()
}

/// Replaces each long run of characters for which `is_in_run` is true by [`WITHHELD`].
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

/// Returns whether a character is a control character or otherwise invisible.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{feff}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_words_and_other_scripts_stay() {
        for text in ["", "no way", "不行", "系统繁忙，请稍后再试", "a b c 1203", "wait 5 min."]
        {
            assert_eq!(message(text), text);
        }
        assert_eq!(message("the key @crypt_a936502b is old: 不行"), "the key … is old: 不行");
        assert_eq!(message(&"长".repeat(500)), "长".repeat(LONGEST_TEXT));
        assert_eq!(message("a\u{1b}[2J\nb"), "a[2Jb");
    }

    #[test]
    fn no_run_of_eight_is_left_however_it_is_split() {
        for c in ['\n', '\0', '\u{1b}', '\u{200b}', '\u{feff}', '\u{ad}', '\u{202e}', '\u{e0041}'] {
            assert_eq!(message(&format!("@cry{c}pt_a9")), "…", "{c:?}");
        }
        assert_eq!(message("1234567"), "1234567");
        assert_eq!(message("12345678"), "…");
        // Long runs are removed before the text is truncated, so no part of one remains.
        let text = format!("{} 12345678", "长".repeat(LONGEST_TEXT - 3));
        assert_eq!(message(&text).chars().last(), Some('…'));
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
}
