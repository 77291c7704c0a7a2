//! Emoji that the server confuses.

/// The emoji that the server sends, and the emoji that was typed.
const CORRECTIONS: [(char, char); 9] = [
    ('\u{1f63c}', '\u{1f601}'),
    ('\u{1f639}', '\u{1f602}'),
    ('\u{1f63a}', '\u{1f603}'),
    ('\u{1f4ab}', '\u{1f616}'),
    ('\u{1f64d}', '\u{1f614}'),
    ('\u{1f63b}', '\u{1f60d}'),
    ('\u{1f63d}', '\u{1f618}'),
    ('\u{1f64e}', '\u{1f621}'),
    ('\u{1f63f}', '\u{1f622}'),
];

/// Replaces the nine emoji that the server confuses with others ([§11.2](crate::protocol#s11-2)).
///
/// Texts and names are decoded without this, because the sender may have meant such an emoji. Most
/// of them are faces of cats.
///
/// ```
/// assert_eq!(wx_proto::correct_emoji("ok \u{1f639}"), "ok \u{1f602}");
/// ```
#[must_use]
pub fn correct_emoji(text: &str) -> String {
    let corrected = |c| CORRECTIONS.iter().find(|(written, _)| *written == c);
    text.chars().map(|c| corrected(c).map_or(c, |(_, typed)| *typed)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn p66_the_corrections_of_the_vector() {
        let vector: Value =
            serde_json::from_str(include_str!("../../tests/vectors/emoji.json")).unwrap();
        let rows = vector["server_corrections"]["rows"].as_array().unwrap();
        let c = |hex: &Value| {
            let code_point = u32::from_str_radix(hex.as_str().unwrap(), 16).unwrap();
            char::from_u32(code_point).unwrap()
        };
        for row in rows {
            assert_eq!(correct_emoji(&format!("a{}b", c(&row[0]))), format!("a{}b", c(&row[1])));
        }
        assert_eq!(rows.len(), CORRECTIONS.len());
        assert_eq!(correct_emoji("😄[微笑]"), "😄[微笑]");
    }
}
