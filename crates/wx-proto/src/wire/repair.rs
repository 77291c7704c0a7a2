//! Repairs invalid bytes and escapes in the strings of JSON replies.
//!
//! Anybody can choose names and texts, and servers truncate and relay them as bytes. They may
//! contain half a UTF-8 character, half a surrogate pair, or a raw line break. Only strings are
//! repaired. Errors outside of strings, and truncated replies, remain errors of the parser.
//!
//! No crate fits: lenient JSON parsers accept comments and trailing commas, but not these bytes.

use bytes::Bytes;

/// The number of bytes per reply that may be replaced by a longer text. Later replacements are one
/// byte long, so that a reply with many of them does not grow. The first replacement in a string is
/// always U+FFFD, which shows that an id is damaged.
const LONGER_REPLACEMENTS: usize = 16 * 1024;

const REPLACEMENT: &str = "\u{fffd}";

/// Removes a byte order mark, NULs and white space at both ends.
pub(crate) fn trimmed(body: &[u8]) -> &[u8] {
    const BOM: &[u8] = b"\xef\xbb\xbf";
    let is_blank = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
    let mut rest = body;
    loop {
        let start = rest.iter().position(|byte| !is_blank(byte)).unwrap_or(rest.len());
        let end = rest.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
        let inside = &rest[start..end];
        rest = inside.strip_prefix(BOM).unwrap_or(inside);
        rest = rest.strip_suffix(BOM).unwrap_or(rest);
        if rest.len() == inside.len() {
            return rest;
        }
    }
}

/// Returns whether an identifier or a credential has a replaced byte or a control character.
pub(crate) fn is_damaged(text: &str) -> bool {
    // A scan without early exit is fast for the usual case: printable ASCII.
    let odd = text.bytes().fold(false, |odd, byte| odd | !(b' '..0x7f).contains(&byte));
    odd && text.contains(|c: char| c == char::REPLACEMENT_CHARACTER || c.is_control())
}

/// Returns the JSON of a reply with U+FFFD for each invalid sequence in a string. The result shares
/// the bytes of `body` if there is none.
pub(crate) fn json(body: &Bytes) -> Bytes {
    let input = trimmed(body);
    let mut repair = Repair { input, out: Vec::new(), copied: 0, longer_left: LONGER_REPLACEMENTS };
    let mut at = 0;
    while let Some(quote) = input[at..].iter().position(|byte| *byte == b'"') {
        at = repair.string(at + quote + 1);
    }
    if repair.copied == 0 {
        return body.slice_ref(input);
    }
    repair.out.extend_from_slice(&input[repair.copied..]);
    repair.out.into()
}

struct Repair<'a> {
    input: &'a [u8],
    out: Vec<u8>,
    /// The length of the input that `out` already contains, with replacements. 0 until something
    /// was replaced, because a string never begins at 0.
    copied: usize,
    longer_left: usize,
}

impl Repair<'_> {
    /// Repairs the string whose first byte is at `start`. Returns the position after it.
    fn string(&mut self, start: usize) -> usize {
        let (mut end, mut plain, mut ascii) = (start, true, true);
        loop {
            end += plain_len(self.input.get(end..).unwrap_or_default());
            let Some(byte) = self.input.get(end).filter(|byte| **byte != b'"') else { break };
            let escape = *byte == b'\\';
            plain &= !escape && *byte >= b' ';
            ascii &= byte.is_ascii();
            end += 1 + usize::from(escape);
        }
        let end = end.min(self.input.len());
        if !(plain && ascii) {
            self.contents(start, end, plain);
        }
        (end + 1).min(self.input.len())
    }

    fn contents(&mut self, start: usize, end: usize, plain: bool) {
        let (mut at, mut damaged) = (start, false);
        for part in self.input[start..end].utf8_chunks() {
            let valid = part.valid().as_bytes();
            if !plain {
                self.escapes(at, valid, &mut damaged);
            }
            at += valid.len();
            if !part.invalid().is_empty() {
                self.replace(at, part.invalid().len(), REPLACEMENT, &mut damaged);
                at += part.invalid().len();
            }
        }
    }

    /// Repairs the escapes and control characters in a part of a string.
    fn escapes(&mut self, start: usize, text: &[u8], damaged: &mut bool) {
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            let replacement = match byte {
                b'\\' => match escape(&text[at..]) {
                    (len, true) => {
                        at += len;
                        continue;
                    }
                    (len, false) => (len, REPLACEMENT),
                },
                b'\n' => (1, "\\n"),
                b'\r' => (1, "\\r"),
                b'\t' => (1, "\\t"),
                0..b' ' => (1, REPLACEMENT),
                _ => {
                    at += 1;
                    continue;
                }
            };
            let (len, with) = replacement;
            self.replace(start + at, len, with, damaged);
            at += len;
        }
    }

    fn replace(&mut self, at: usize, len: usize, with: &str, damaged: &mut bool) {
        let grows = with.len() > len;
        let with = match (grows, self.longer_left > 0, *damaged) {
            (true, false, false) => REPLACEMENT,
            (true, false, true) => "?",
            _ => with,
        };
        self.longer_left = self.longer_left.saturating_sub(usize::from(grows));
        *damaged = true;
        if self.out.is_empty() {
            self.out.reserve_exact(self.input.len() + 2 * LONGER_REPLACEMENTS);
        }
        self.out.extend_from_slice(&self.input[self.copied..at]);
        self.out.extend_from_slice(with.as_bytes());
        self.copied = at + len;
    }
}

/// Returns the number of printable ASCII characters before the first other character, quote or
/// backslash. 127 counts as printable.
fn plain_len(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let words = bytes.chunks_exact(8);
    let rest = words.remainder();
    for (number, word) in words.enumerate() {
        let word = u64::from_le_bytes(word.try_into().unwrap_or_default());
        // The lowest high bit that is set belongs to the first byte below `limit`, because a borrow
        // sets bits only after it.
        let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
        let other = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = word & HIGH | below(word, 0x20) | other(b'"') | other(b'\\');
        if found != 0 {
            return 8 * number + found.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &u8| (b' '..0x80).contains(byte) && !matches!(byte, b'"' | b'\\');
    let more = rest.iter().position(|byte| !is_plain(byte)).unwrap_or(rest.len());
    bytes.len() - rest.len() + more
}

/// Returns the length of the escape that `text` begins with, and whether it is valid.
fn escape(text: &[u8]) -> (usize, bool) {
    match text.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => (2, true),
        Some(b'u') => match (code_unit(text), text.get(6..).and_then(code_unit)) {
            (None, _) => (1, false),
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => (12, true),
            (Some(unit), _) => (6, !(0xd800..0xe000).contains(&unit)),
        },
        _ => (1, false),
    }
}

/// Returns the UTF-16 code unit of a `\u` escape.
fn code_unit(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repaired(body: &[u8]) -> Vec<u8> {
        json(&Bytes::copy_from_slice(body)).to_vec()
    }

    #[test]
    fn clean_json_is_not_copied() {
        for text in
            [r#"{"a":"b \u6c49 \ud83d\ude00 \" \\","汉":["字"]}"#, "{}", "", "[1", r#"{"a":"b\"#]
        {
            let body = Bytes::from(format!("\u{feff}\0 {text}\r\n\0"));
            let json = json(&body);
            if !text.ends_with('\\') {
                assert_eq!(json, text.as_bytes());
                let inside = text.is_empty() || body.as_ptr_range().contains(&json.as_ptr());
                assert!(inside, "{text}: copied");
            }
        }
    }

    #[test]
    fn bad_sequences_are_replaced_in_strings_and_nothing_else() {
        let cases: [(&[u8], &str); 16] = [
            (b"\xe6\xb1", "\u{fffd}"),
            (b"a\xffb\xfe", "a\u{fffd}b\u{fffd}"),
            (b"\\ud83d", "\u{fffd}"),
            (b"\\ude00x", "\u{fffd}x"),
            (b"\\ud83d\\ud83d\\ude00", "\u{fffd}\\ud83d\\ude00"),
            (b"\\ud83d\\u0041", "\u{fffd}\\u0041"),
            (b"\\ud83d\\n", "\u{fffd}\\n"),
            (b"\\u12", "\u{fffd}u12"),
            (b"\\u+123", "\u{fffd}u+123"),
            (b"\\x41\\'", "\u{fffd}x41\u{fffd}'"),
            (b"a\nb\tc\rd", "a\\nb\\tc\\rd"),
            (b"\0\x1b[0m", "\u{fffd}\u{fffd}[0m"),
            (b"\\\xff", "\u{fffd}\u{fffd}"),
            (b"\\\xe6\xb1\x89", "\u{fffd}\u{6c49}"),
            (b"\\\\\xff\\\"", "\\\\\u{fffd}\\\""),
            (b"\xed\xa0\xbd", "\u{fffd}\u{fffd}\u{fffd}"),
        ];
        for (bad, good) in cases {
            let body = [b"{\"a\":\"", bad, b"\",\"b\":\"", bad, b"\"}"].concat();
            let expected = format!("{{\"a\":\"{good}\",\"b\":\"{good}\"}}");
            assert_eq!(String::from_utf8(repaired(&body)).unwrap(), expected, "{bad:?}");
            assert!(serde_json::from_str::<serde_json::Value>(&expected).is_ok(), "{expected}");
            // Nothing is repaired outside of strings.
            let outside = [b"{\"a\":", bad, b"}"].concat();
            assert!(serde_json::from_slice::<serde_json::Value>(&repaired(&outside)).is_err());
        }
    }

    #[test]
    fn plain_characters_are_counted_up_to_the_first_that_is_none() {
        for len in 0..20 {
            for at in 0..len {
                for byte in 0..=255 {
                    let mut text = vec![b'a'; len];
                    text[at] = byte;
                    let is_plain = (0x20..0x80).contains(&byte) && byte != b'"' && byte != b'\\';
                    assert_eq!(plain_len(&text), if is_plain { len } else { at }, "{byte} at {at}");
                    text[len - 1] = b'"';
                    assert_eq!(plain_len(&text), if is_plain { len - 1 } else { at }.min(len - 1));
                }
            }
        }
    }

    #[test]
    fn repairing_does_not_grow_an_answer_without_end() {
        let many = |bad: &[u8]| [b"[\"", &bad.repeat(100_000)[..], b"\"]"].concat();
        for bad in [&b"\xffa"[..], b"\xff", b"\n", b"\0", b"\\x"] {
            let body = many(bad);
            let json = repaired(&body);
            assert!(
                json.len() <= body.len() + 2 * LONGER_REPLACEMENTS,
                "{bad:?}: {} of {}",
                json.len(),
                body.len()
            );
            assert!(
                is_damaged(&serde_json::from_slice::<Vec<String>>(&json).unwrap()[0]),
                "{bad:?}"
            );
        }
        // After many replacements, a damaged id is still recognised.
        let body = [&many(b"\xff")[..], b"[\"@a\xffb\",\"@a\nb\"]"].concat();
        assert!(repaired(&body).ends_with("[\"@a\u{fffd}b\",\"@a\u{fffd}b\"]".as_bytes()));
    }
}
