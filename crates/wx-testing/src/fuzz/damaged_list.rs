//! Lists of three elements, with arbitrary bytes in one string of the middle element.

use serde_json::Value;

/// Returns the element with `bytes` in its `which`th string, counting keys. The bytes are appended
/// to the string or replace it.
pub fn element(json: &Value, which: usize, append: bool, bytes: &[u8]) -> Vec<u8> {
    let text = json.to_string();
    assert!(!text.contains('\\'), "every quote ends or begins a string");
    let quotes: Vec<_> = text.match_indices('"').map(|(at, _)| at).collect();
    let which = which % (quotes.len() / 2);
    let (start, end) = (quotes[2 * which] + 1, quotes[2 * which + 1]);
    let text = text.as_bytes();
    let kept = if append { end } else { start };
    [&text[..kept], &inside(bytes), &text[end..]].concat()
}

/// Removes whatever would end the string: unescaped quotes, and a backslash at the end.
fn inside(bytes: &[u8]) -> Vec<u8> {
    let mut escaped = false;
    let mut out = Vec::new();
    for byte in bytes {
        if *byte != b'"' || escaped {
            out.push(*byte);
            escaped = *byte == b'\\' && !escaped;
        }
    }
    if escaped {
        out.push(b'\\');
    }
    out
}

/// Returns a reply with a list under `key`.
pub fn answer(key: &str, elements: &[&[u8]]) -> Vec<u8> {
    let head = format!(r#"{{"BaseResponse":{{"Ret":0,"ErrMsg":""}},"{key}":["#);
    let tail = b"],\"SyncKey\":{\"Count\":1,\"List\":[{\"Key\":1,\"Val\":2}]}}";
    [head.as_bytes(), &elements.join(&b','), tail].concat()
}

/// Returns truncated versions of a reply: all of them, or some of them if it is long.
pub fn truncations(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = body.iter().rposition(|byte| *byte == b'}').unwrap_or_default();
    (0..=end).step_by(1 + end / 32).map(|part| &body[..part])
}
