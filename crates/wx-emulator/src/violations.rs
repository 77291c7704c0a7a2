//! Violations: what the official page does not do, although the server accepts it.
//! They name fields and headers; they never quote a value that could be a secret.

pub(crate) mod form;
mod headers;
mod json;
mod query;

use crate::hub::{Call, Hub};

/// Records what the official page would not have sent.
pub(crate) fn check(call: &Call, hub: &Hub) {
    headers::check(call, hub);
    query::check(call, hub);
    json::check(call, hub);
    form::check(call, hub);
}

/// Whether `text` has the shape of `pattern`: `9` stands for a digit, `A` for a capital, `a` for a small letter.
fn has_shape(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(byte, shape)| match shape {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_uppercase(),
            b'a' => byte.is_ascii_lowercase(),
            other => byte == other,
        })
}
