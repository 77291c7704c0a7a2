//! Addresses in a server's scripts, XML or CDATA, which may be escaped for more than one of these.
//!
//! No crate fits: each decodes one kind of escape, and rejects text with others.

use super::script;

/// The length of the longest entity name and its semicolon.
const LONGEST: usize = 10;

/// Unescapes an address from a script (`\/`, `\x26`, `\u0026`) and from HTML (`&amp;`, `&#38;`,
/// `&#x26;`). Addresses contain no backslash, and none of their parameters ends with a semicolon.
pub(crate) fn plain(text: &str) -> String {
    let text = script::unescaped(text.trim());
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.bytes().take(LONGEST).position(|byte| byte == b';');
        let entity = end.and_then(|end| Some((character(&rest[..end])?, &rest[end + 1..])));
        plain.push(entity.map_or('&', |(c, _)| c));
        rest = entity.map_or(rest, |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

/// Returns the character of an entity, if it can be part of an address.
fn character(name: &str) -> Option<char> {
    let code = match name.strip_prefix('#') {
        None => return name.eq_ignore_ascii_case("amp").then_some('&'),
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        },
    };
    char::from_u32(code.ok()?).filter(char::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_escapes_of_scripts_and_of_html_are_undone() {
        for (text, expected) in [
            ("https://x/?a=1&b=2", "https://x/?a=1&b=2"),
            (r" https:\/\/x\/?a=1\x26b=2&amp;c=3 ", "https://x/?a=1&b=2&c=3"),
            (r"https:\u002f\u002fx/?a=1\u0026amp;b=2", "https://x/?a=1&b=2"),
            (
                "https:&#47;&#x2F;x/?a=1&#38;b=2&#038;c=3&#X26;d=4&AMP;e=5",
                "https://x/?a=1&b=2&c=3&d=4&e=5",
            ),
            // Each kind of escape is decoded once, also if there are two layers.
            ("https://x/?a=1&amp;amp;b=2", "https://x/?a=1&amp;b=2"),
            (
                "https://x/?amp=1&amp&b;c&;&#;&#x;&#10;&#-1;&#99999999999;",
                "https://x/?amp=1&amp&b;c&;&#;&#x;&#10;&#-1;&#99999999999;",
            ),
            (r"https://x/\", r"https://x/\"),
            ("", ""),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn many_escapes_take_linear_time() {
        for part in ["&", "&#", "&amp;", r"\x26", "&;", r"\"] {
            let len = plain(&part.repeat(1 << 18)).len();
            assert!(len <= part.len() << 18);
        }
    }
}
