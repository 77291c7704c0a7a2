//! Decodes the `Content` of a received message
//! ([§11.2](https://docs.rs/wx-proto/latest/wx_proto/protocol/index.html#s11-2)).

use std::borrow::Cow;

/// Returns what a client shows: with emoji and entities decoded, and with line breaks as `\n`.
pub(crate) fn decoded(content: &str) -> String {
    unescape(&emoji(content).replace("<br/>", "\n"))
}

/// Replaces the spans of emoji. A span that a person has written is escaped at this point.
fn emoji(text: &str) -> Cow<'_, str> {
    const START: &str = "<span class=\"emoji emoji";
    const END: &str = "\"></span";
    let mut parts = text.split(START);
    let mut out = parts.next().unwrap_or_default().to_owned();
    if out.len() == text.len() {
        return Cow::Borrowed(text);
    }
    for part in parts {
        let span =
            part.split_once(END).and_then(|(digits, rest)| Some((characters(digits)?, rest)));
        match span {
            Some((characters, rest)) => {
                out.push_str(&characters);
                // Some servers leave out the last character of the span.
                out.push_str(rest.strip_prefix('>').unwrap_or(rest));
            }
            None => {
                out.push_str(START);
                out.push_str(part);
            }
        }
    }
    Cow::Owned(out)
}

/// Returns the characters that the digits of a span stand for.
fn characters(digits: &str) -> Option<String> {
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = |digits: &str| u32::from_str_radix(digits, 16).ok();
    let one = |digits: &str| char::from_u32(number(digits)?);
    let two = |at: usize| Some(String::from_iter([one(&digits[..at])?, one(&digits[at..])?]));
    match digits.len() {
        4 | 5 => one(digits).map(String::from),
        // A keycap: `2320e3` is `#` and U+20E3.
        6 => two(2),
        8 => {
            let units = [&digits[..4], &digits[4..]].map(|half| number(half).map(|it| it as u16));
            String::from_utf16(&[units[0]?, units[1]?]).ok()
        }
        // A flag: `1f1e81f1f3`.
        10 => two(5),
        _ => None,
    }
}

fn unescape(text: &str) -> String {
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&quot;", "\""), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(digits: &str) -> String {
        format!("<span class=\"emoji emoji{digits}\"></span>")
    }

    #[test]
    fn spans_of_emoji_become_characters() {
        for (digits, expected) in [
            ("1f604", "😄"),
            ("263a", "☺"),
            ("2320e3", "#\u{20e3}"),
            ("00a900ae", "©®"),
            ("d83dde04", "😄"),
            ("1f1e81f1f3", "🇨🇳"),
        ] {
            assert_eq!(decoded(&format!("x{}y", span(digits))), format!("x{expected}y"));
        }
        assert_eq!(decoded("a<span class=\"emoji emoji1f604\"></span"), "a😄");
        for unknown in ["", "1", "d83d", "zzzz", "é1f6", "1f6041f6041f604"] {
            assert_eq!(decoded(&span(unknown)), span(unknown));
        }
    }

    #[test]
    fn what_a_person_has_written_is_unescaped_once() {
        let escaped = "&lt;span class=&quot;emoji emoji1f604&quot;&gt;&lt;/span&gt;<br/>&amp;lt;";
        assert_eq!(decoded(escaped), format!("{}\n&lt;", span("1f604")));
    }
}
