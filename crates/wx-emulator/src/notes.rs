//! What is odd about a request, though the server takes it: the official page is the measure.
//! Notes name fields and headers; they never quote a value that could be a secret.

pub(crate) mod form;
mod headers;
mod json;
mod query;

use crate::hub::{Call, Hub};

/// Notes all that is odd about a request.
pub(crate) fn look(call: &Call, hub: &Hub) {
    headers::look(call, hub);
    query::look(call, hub);
    json::look(call, hub);
    form::look(call, hub);
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
