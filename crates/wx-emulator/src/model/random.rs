//! Random values, so that no test can depend on a fixed one. The source is the random keys of std's
//! hash maps.
//!
//! No crate is needed, because none of the values has to be unpredictable.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Returns 64 random bits.
pub(crate) fn bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Returns `length` lowercase hexadecimal digits.
pub(crate) fn hex(length: usize) -> String {
    let mut out = String::with_capacity(length + 16);
    while out.len() < length {
        out.push_str(&format!("{:016x}", bits()));
    }
    out.truncate(length);
    out
}

/// Returns `length` letters and digits, like the server's tickets.
pub(crate) fn token(length: usize) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    (0..length).map(|_| char::from(ALPHABET[bits() as usize % ALPHABET.len()])).collect()
}

/// Returns a message id of 19 digits. It is greater than 2^53, so a client that parses it as a
/// float gets a wrong id.
pub(crate) fn msg_id() -> u64 {
    1_000_000_000_000_000_001 + bits() % 8_000_000_000_000_000_000
}
