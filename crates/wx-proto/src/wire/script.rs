//! Finds values in the replies to login calls, which are lines of JavaScript. Scripts are searched
//! leniently, because spacing, quotes and line breaks vary, and are never evaluated
//! ([P52](crate::protocol#p52), [§8.1](crate::protocol#s8-1), [§8.2](crate::protocol#s8-2)).
//!
//! No crate fits, except for JavaScript interpreters.

use std::borrow::Cow;
use std::str::Chars;

/// Returns the value after `name =` or `name :`, unquoted and unescaped. Longer names that contain
/// `name` are skipped.
pub(crate) fn value<'a>(script: &'a str, name: &str) -> Option<Cow<'a, str>> {
    script.match_indices(name).find_map(|(at, _)| {
        let before = script[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let rest = script[at + name.len()..].trim_start().strip_prefix(['=', ':'])?.trim_start();
        match rest.chars().next()? {
            quote @ ('"' | '\'') => quoted(&rest[1..], quote),
            _ => {
                let end = rest.find(|c: char| matches!(c, ';' | ',' | '}') || c.is_whitespace());
                let bare = &rest[..end.unwrap_or(rest.len())];
                (!bare.is_empty()).then_some(Cow::Borrowed(bare))
            }
        }
    })
}

/// Reads a string literal up to its closing quote and unescapes it: `\/`, `\x26`, `\u0026` and
/// others.
fn quoted(text: &str, quote: char) -> Option<Cow<'_, str>> {
    let end = text.find([quote, '\\'])?;
    if text[end..].starts_with(quote) {
        return Some(Cow::Borrowed(&text[..end]));
    }
    let mut plain = text[..end].to_owned();
    let mut chars = text[end..].chars();
    loop {
        match chars.next()? {
            '\\' => plain.push(escaped(&mut chars)?),
            c if c == quote => return Some(Cow::Owned(plain)),
            c => plain.push(c),
        }
    }
}

/// Unescapes a text as if it were a string literal.
pub(crate) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { escaped(&mut chars).unwrap_or(c) } else { c });
    }
    plain
}

/// Returns the character of an escape, after its backslash.
fn escaped(chars: &mut Chars<'_>) -> Option<char> {
    let escape = chars.next()?;
    let digits = match escape {
        'x' => 2,
        'u' => 4,
        _ => 0,
    };
    let hex = chars.as_str().get(..digits).filter(|hex| !hex.is_empty());
    let hex = hex.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let code = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok());
    if let Some(c) = code.and_then(char::from_u32) {
        *chars = chars.as_str()[digits..].chars();
        return Some(c);
    }
    // Any other character stands for itself, except for white space, which no value contains.
    Some(match escape {
        'n' | 'r' | 't' | 'b' | 'f' | 'v' => ' ',
        other => other,
    })
}

/// Like [`value`], for a number.
pub(crate) fn number(script: &str, name: &str) -> Option<i64> {
    value(script, name)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p52_any_spacing_quotes_and_line_breaks() {
        for script in [
            "window.code=200;window.redirect_uri=\"https://x/?a=b;c\";",
            "window.code = 200;\r\nwindow.redirect_uri = 'https://x/?a=b;c' ;",
            "  window.code\n=\n200\n;window.redirect_uri\t=\t\"https://x/?a=b;c\"",
            "var window.codes=1;window.code=200,window.redirect_uri:\"https://x/?a=b;c\"",
        ] {
            assert_eq!(number(script, "window.code"), Some(200), "{script}");
            assert_eq!(
                value(script, "window.redirect_uri").unwrap(),
                "https://x/?a=b;c",
                "{script}"
            );
        }
    }

    #[test]
    fn a_missing_value_is_none() {
        for script in [
            "",
            "window.code",
            "window.code=",
            "window.code=;",
            "xwindow.code=1",
            "window.code='",
            "窗=1",
        ] {
            assert_eq!(number(script, "window.code"), None, "{script}");
        }
        assert_eq!(value("window.uuid = \"never closed", "window.uuid"), None);
    }

    #[test]
    fn escapes_are_undone() {
        for (literal, plain) in [
            (r#""https:\/\/x\/?a=1\x26b=2""#, "https://x/?a=1&b=2"),
            (r#"'https:\/\/x\u002f?a=1\u0026b=2'"#, "https://x/?a=1&b=2"),
            (r#""a\"b'c\\""#, "a\"b'c\\"),
            (r#"'a\'b"c'"#, "a'b\"c"),
            (r#""\n\xzz\u12\q""#, " xzzu12q"),
            (r#""\ud83d\x+1""#, "ud83dx+1"),
            (r#""\x4图""#, "x4图"),
        ] {
            let script = format!("window.code=200;window.uuid = {literal};");
            assert_eq!(value(&script, "window.uuid").unwrap(), plain, "{literal}");
        }
        for open in [r#""a\""#, r#""a\"#, r#"'a\x26"#] {
            assert_eq!(value(&format!("window.uuid={open}"), "window.uuid"), None, "{open}");
        }
    }
}
