//! Emoji as the server writes them in texts: `<span class="emoji emoji1f604"></span>`
//! ([P66](crate::protocol#p66)).

/// The maximum number of digits in a span.
const LONGEST: usize = 10;

/// Appends the emoji of the span that `text` begins with, and returns the text after it. Any other
/// span is kept.
pub(super) fn span<'a>(text: &'a str, decoded: &mut String) -> Option<&'a str> {
    let digits = text.strip_prefix("<span class=\"emoji emoji")?;
    let len = digits.bytes().take(LONGEST + 1).take_while(u8::is_ascii_hexdigit).count();
    let (digits, after) = digits.split_at(len);
    let after = after.strip_prefix("\"></span")?;
    let chars = match len {
        4 | 5 => [char(digits)?, None],
        // Keycaps: `2320e3` is `#` and U+20E3.
        6 => [char(&digits[..2])?, char(&digits[2..])?],
        8 => pair(&digits[..4], &digits[4..])?,
        // Flags: `1f1e81f1f3`.
        LONGEST => [char(&digits[..5])?, char(&digits[5..])?],
        _ => return None,
    };
    decoded.extend(chars.into_iter().flatten());
    // Some servers leave out the last character.
    Some(after.strip_prefix('>').unwrap_or(after))
}

/// Returns the character of a code point. The inner `Option` is always `Some`.
fn char(digits: &str) -> Option<Option<char>> {
    char::from_u32(u32::from_str_radix(digits, 16).ok()?).map(Some)
}

/// Returns two characters, or the single one that two surrogates encode.
fn pair(first: &str, second: &str) -> Option<[Option<char>; 2]> {
    let unit = |digits| u16::from_str_radix(digits, 16).ok();
    let mut chars = char::decode_utf16([unit(first)?, unit(second)?]).map(Result::ok);
    let first = chars.next()??;
    Some([Some(first), chars.next().map_or(Some(None), |c| c.map(Some))?])
}
