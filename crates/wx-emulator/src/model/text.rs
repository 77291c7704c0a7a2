//! Texts chosen by clients: which may be shown, and whether they match a pattern.

/// Returns a name that a client has chosen if it is harmless, or else `otherwise`. A client can
/// send anything as a name, even a secret.
pub(crate) fn shown<'a>(name: &'a str, otherwise: &'a str) -> &'a str {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if is_plain && (1..24).contains(&name.len()) { name } else { otherwise }
}

/// Returns whether `text` matches `pattern`, in which `9` stands for a digit, `A` for an uppercase
/// letter and `a` for a lowercase letter.
pub(crate) fn has_shape(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, shape)| match shape {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_uppercase(),
            b'a' => byte.is_ascii_lowercase(),
            other => byte == other,
        })
}

/// Returns whether a text is an MD5 in lowercase hexadecimal.
pub(crate) fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
