//! Texts that clients choose: what of them can be shown, and which shape they have.

/// Returns a name that a client has chosen, if it is harmless, or `otherwise`. The name may be
/// anything, even a secret.
pub(crate) fn shown<'a>(name: &'a str, otherwise: &'a str) -> &'a str {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if is_plain && (1..24).contains(&name.len()) { name } else { otherwise }
}

/// Whether `text` has the shape of `pattern`, where `9` stands for a digit, `A` for an uppercase
/// and `a` for a lowercase letter.
pub(crate) fn has_shape(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, shape)| match shape {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_uppercase(),
            b'a' => byte.is_ascii_lowercase(),
            other => byte == other,
        })
}
