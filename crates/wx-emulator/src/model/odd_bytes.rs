//! Bytes that a strict JSON parser rejects. In real replies, they occur in the names and texts of
//! other people.

use std::fmt;
use std::str::FromStr;

/// Which bytes are inserted, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OddBytes {
    /// Half a UTF-8 character at the end of each name and text.
    Utf8,
    /// Half a surrogate pair at the end of each name and text.
    Surrogate,
    /// Raw control characters at the end of each name and text.
    Control,
    /// Half a UTF-8 character in the id of the first element.
    Id,
    /// A byte order mark before the reply, and NULs after it.
    Around,
}

const NAMES: [(&str, OddBytes); 5] = [
    ("utf8", OddBytes::Utf8),
    ("surrogate", OddBytes::Surrogate),
    ("control", OddBytes::Control),
    ("id", OddBytes::Id),
    ("around", OddBytes::Around),
];

impl FromStr for OddBytes {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, &'static str> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, odd)| *odd).ok_or("odd-bytes accepts utf8, surrogate, control, id or around")
    }
}

impl fmt::Display for OddBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, odd)| odd == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl OddBytes {
    /// Returns the JSON of a reply with these bytes inserted.
    pub(crate) fn insert_into(self, json: &str) -> Vec<u8> {
        const TEXTS: [&str; 2] = ["\"Content\": \"", "\"NickName\": \""];
        match self {
            Self::Utf8 => append_to_strings(json, &TEXTS, usize::MAX, b"\xe6\xb1"),
            Self::Surrogate => append_to_strings(json, &TEXTS, usize::MAX, b"\\ud83d"),
            Self::Control => append_to_strings(json, &TEXTS, usize::MAX, b"\x01\n"),
            Self::Id => {
                let message = "\"MsgId\": \"";
                let key = if json.contains(message) { message } else { "\"UserName\": \"" };
                append_to_strings(json, &[key], 1, b"\xe6\xb1")
            }
            Self::Around => [b"\xef\xbb\xbf", json.as_bytes(), b"\0\0"].concat(),
        }
    }
}

/// Appends `bytes` to the first `max` strings that follow one of `keys`.
fn append_to_strings(json: &str, keys: &[&str], max: usize, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let mut rest = json;
    for _ in 0..max {
        let found = keys.iter().filter_map(|key| Some(rest.find(key)? + key.len())).min();
        let Some(start) = found else { break };
        let end = start + string_len(&rest[start..]);
        out.extend_from_slice(&rest.as_bytes()[..end]);
        out.extend_from_slice(bytes);
        rest = &rest[end..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// Returns the length of a string up to its closing quote.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_ends_of_strings_are_spoiled() {
        let json =
            r#"{"MsgId": "1","Content": "a\"\\","NickName": "","MsgId": "2","Content": "b"}"#;
        let spoiled = |odd: OddBytes| String::from_utf8_lossy(&odd.insert_into(json)).into_owned();
        assert_eq!(
            spoiled(OddBytes::Surrogate),
            json.replace(r#"\\","#, r#"\\\ud83d","#)
                .replace(r#"e": """#, r#"e": "\ud83d""#)
                .replace(r#""b""#, r#""b\ud83d""#)
        );
        assert_eq!(spoiled(OddBytes::Id), json.replace("\"1\"", "\"1\u{fffd}\""));
        assert_eq!(spoiled(OddBytes::Around), format!("\u{feff}{json}\0\0"));
        for odd in
            [OddBytes::Utf8, OddBytes::Surrogate, OddBytes::Control, OddBytes::Id, OddBytes::Around]
        {
            assert!(
                serde_json::from_slice::<serde_json::Value>(&odd.insert_into(json)).is_err(),
                "{odd}"
            );
        }
    }
}
