//! Makes text safe for a terminal by escaping control characters, direction marks and invisible
//! characters.

use std::fmt::Write as _;

use icu_properties::props::{
    DefaultIgnorableCodePoint, Emoji, EmojiModifier, EmojiModifierBase, GeneralCategory,
    RegionalIndicator,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Escapes every character that a terminal might interpret or would not show. Emoji are kept,
/// including the invisible characters within them.
pub(crate) fn shown(text: &str) -> String {
    escaped(text, |safe, c| safe.extend(c.escape_default()))
}

/// Escapes the same characters in JSON text, with JSON escapes. They occur only within strings.
pub(crate) fn shown_json(text: &str) -> String {
    escaped(text, |safe, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(safe, "\\u{unit:04x}");
        }
    })
}

fn escaped(text: &str, escape: fn(&mut String, char)) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let len = emoji_len(rest).unwrap_or(c.len_utf8());
        if len > c.len_utf8() || !is_unsafe(c) {
            safe.push_str(&rest[..len]);
        } else {
            escape(&mut safe, c);
        }
        rest = &rest[len..];
    }
    safe
}

fn is_unsafe(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator};
    // Printable ASCII, the most frequent case.
    if matches!(c, ' '..='~') {
        return false;
    }
    // Direction marks are in the category `Format`.
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(category, Control | Format | LineSeparator | ParagraphSeparator)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

const ZERO_WIDTH_JOINER: char = '\u{200d}';
const TEXT_STYLE: char = '\u{fe0e}';
const EMOJI_STYLE: char = '\u{fe0f}';
const KEYCAP: char = '\u{20e3}';
const BLACK_FLAG: char = '\u{1f3f4}';
const END_OF_TAG: char = '\u{e007f}';

/// Returns the length in bytes of the emoji at the beginning of a text: elements and joiners, as in
/// UTS #51.
fn emoji_len(text: &str) -> Option<usize> {
    let mut len = element_len(text)?;
    while let Some(joined) = text[len..].strip_prefix(ZERO_WIDTH_JOINER).and_then(element_len) {
        len += ZERO_WIDTH_JOINER.len_utf8() + joined;
    }
    Some(len)
}

/// Returns the length in bytes of the emoji without joiners at the beginning of a text.
fn element_len(text: &str) -> Option<usize> {
    let mut chars = text.chars();
    let base = chars.next()?;
    let rest = chars.as_str();
    if base.is_ascii() {
        let is_key = base.is_ascii_digit() || matches!(base, '#' | '*');
        let after = rest.strip_prefix(EMOJI_STYLE)?.strip_prefix(KEYCAP)?;
        return is_key.then_some(text.len() - after.len());
    }
    let is_lone_part = CodePointSetData::new::<RegionalIndicator>().contains(base);
    if is_lone_part || !CodePointSetData::new::<Emoji>().contains(base) {
        return None;
    }
    let is_modified = CodePointSetData::new::<EmojiModifierBase>().contains(base);
    let after = rest
        .strip_prefix([EMOJI_STYLE, TEXT_STYLE])
        .or_else(|| {
            rest.strip_prefix(|c| {
                is_modified && CodePointSetData::new::<EmojiModifier>().contains(c)
            })
        })
        .or_else(|| subdivision(rest).filter(|_| base == BLACK_FLAG))
        .unwrap_or(rest);
    Some(text.len() - after.len())
}

/// Parses the invisible tags of a regional flag, such as `gbsct` for Scotland, and returns the text
/// after them. Any other text in tags could be a hidden message.
fn subdivision(text: &str) -> Option<&str> {
    let plain = |tag: char| {
        let ascii = u32::from(tag).checked_sub(0xe0000).and_then(char::from_u32)?;
        (ascii.is_ascii_lowercase() || ascii.is_ascii_digit()).then_some(ascii)
    };
    let code: String = text.chars().map_while(plain).take(7).collect();
    let is_code =
        (3..=6).contains(&code.len()) && code.starts_with(|c: char| c.is_ascii_lowercase());
    // Each tag has four bytes.
    text[4 * code.len()..].strip_prefix(END_OF_TAG).filter(|_| is_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the results of `shown` and `shown_json`. A JSON parser restores the text.
    fn both(text: &str) -> (String, String) {
        let json = serde_json::Value::from(text);
        let line = shown_json(&json.to_string());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), json, "{line}");
        (shown(text), line)
    }

    #[test]
    fn nothing_reaches_the_terminal_raw() {
        assert_eq!(shown("图片 \"1\" 😀.jpg"), "图片 \"1\" 😀.jpg");
        assert_eq!(shown("a\n\u{1b}[2J\u{202e}gpj"), "a\\n\\u{1b}[2J\\u{202e}gpj");
        // A control sequence of 8 bits, marks of direction, separators, characters without width,
        // fillers, selectors, tags, annotations, shorthand and musical controls.
        for hidden in "\u{7f}\u{9b}\u{ad}\u{34f}\u{600}\u{61c}\u{70f}\u{115f}\u{1160}\u{17b4}\
         \u{180b}\u{180e}\
            \u{200b}\u{200c}\u{200d}\u{200e}\u{2028}\u{2029}\u{202e}\u{2060}\u{2065}\u{2067}\
            \u{206f}\u{3164}\
            \u{fe00}\u{fe0e}\u{fe0f}\u{feff}\u{ffa0}\u{fff0}\u{fff9}\u{1bca0}\u{1d173}\u{e0001}\
            \u{e0041}\
            \u{e007f}\u{e0100}\u{e01ef}\u{e0fff}"
            .chars()
        {
            for around in ["", "x", "图", "1"] {
                let (line, json) = both(&format!("{around}{hidden}{around}"));
                assert_eq!(line, format!("{around}{}{around}", hidden.escape_default()));
                assert!(!json.contains(hidden), "{json:?}");
            }
        }
    }

    #[test]
    fn emoji_are_shown_as_they_are() {
        for emoji in [
            "😀",
            "☎\u{fe0f}",
            "☎\u{fe0e}",
            "👍🏽",
            "1\u{fe0f}\u{20e3}",
            "*\u{fe0f}\u{20e3}",
            "🇩🇪",
            "👨\u{200d}👩\u{200d}👧\u{200d}👦",
            "👩🏽\u{200d}🚀",
            "❤\u{fe0f}\u{200d}🔥",
            "🏴\u{200d}☠\u{fe0f}",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "🧑\u{200d}🦰",
        ] {
            for text in [emoji.to_owned(), format!("a{emoji}图{emoji}")] {
                assert_eq!(both(&text), (text.clone(), format!("\"{text}\"")));
            }
        }
    }

    #[test]
    fn invisible_characters_that_make_no_emoji_are_escaped() {
        for (text, line) in [
            ("a\u{200d}b", "a\\u{200d}b"),
            ("😀\u{200d}", "😀\\u{200d}"),
            ("\u{200d}😀", "\\u{200d}😀"),
            ("😀\u{200d}\u{200d}😀", "😀\\u{200d}\\u{200d}😀"),
            ("😀\u{200d}a", "😀\\u{200d}a"),
            ("😀\u{fe0f}\u{fe0f}", "😀\u{fe0f}\\u{fe0f}"),
            ("1\u{fe0f}", "1\\u{fe0f}"),
            ("a\u{fe0f}\u{20e3}", "a\\u{fe0f}\u{20e3}"),
            ("🇩\u{fe0f}", "🇩\\u{fe0f}"),
            ("😀\u{fe01}", "😀\\u{fe01}"),
            // A message in tags, on a flag or another emoji; one that does not end.
            (
                "😀\u{e0067}\u{e0062}\u{e0073}\u{e007f}",
                "😀\\u{e0067}\\u{e0062}\\u{e0073}\\u{e007f}",
            ),
            ("🏴\u{e0068}\u{e0069}\u{e007f}", "🏴\\u{e0068}\\u{e0069}\\u{e007f}"),
            (
                "🏴\u{e0041}\u{e0042}\u{e0043}\u{e007f}",
                "🏴\\u{e0041}\\u{e0042}\\u{e0043}\\u{e007f}",
            ),
            ("🏴\u{e0067}\u{e0062}\u{e0073}", "🏴\\u{e0067}\\u{e0062}\\u{e0073}"),
        ] {
            assert_eq!(both(text).0, line, "{text:?}");
        }
        let long = format!("🏴{}\u{e007f}", "\u{e0061}".repeat(7));
        assert!(!shown(&long).contains(['\u{e0061}', '\u{e007f}']));
    }
}
