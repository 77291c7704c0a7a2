//! Values nobody can guess in advance, from the randomness std gives its hash maps: a test cannot
//! come to rely on one.

use std::hash::{BuildHasher, Hasher, RandomState};

/// 64 random bits.
pub(crate) fn bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// `length` characters of `alphabet`.
pub(crate) fn text(alphabet: &str, length: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    (0..length).map(|_| letters[(bits() % letters.len() as u64) as usize]).collect()
}

/// `length` lowercase hexadecimal digits.
pub(crate) fn hex(length: usize) -> String {
    let mut out = String::with_capacity(length + 16);
    while out.len() < length {
        out.push_str(&format!("{:016x}", bits()));
    }
    out.truncate(length);
    out
}

/// Letters and digits, as the server's tickets have them.
pub(crate) fn token(length: usize) -> String {
    text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", length)
}

/// A message id of 19 digits, above 2^53 so that a client reading it as a float gets it wrong.
pub(crate) fn msg_id() -> u64 {
    1_000_000_000_000_000_001 + bits() % 8_000_000_000_000_000_000
}
