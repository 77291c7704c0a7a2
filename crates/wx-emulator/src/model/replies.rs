//! JSON that several calls use in their replies, and the server's escaping of names and texts.

use serde_json::{Value, json};

/// Returns a reply that consists only of a `BaseResponse`.
pub(crate) fn plain(ret: i64) -> Value {
    json!({ "BaseResponse": base_response(ret) })
}

pub(crate) fn base_response(ret: i64) -> Value {
    json!({ "Ret": ret, "ErrMsg": "" })
}

/// Percent-encodes a file name like the server, which also encodes `.` and `_`.
pub(crate) fn encry_file_name(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Escapes a name, or the XML in a `Content`.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
