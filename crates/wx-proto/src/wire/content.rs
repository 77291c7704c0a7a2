//! Texts and names of people, decoded in the page's order ([§11.2](crate::protocol#s11-2),
//! [P65](crate::protocol#p65)).

mod emoji;
pub(crate) mod quote;

use super::entities::{entity, replaced};

/// Decodes emoji spans, line breaks and entities, each once.
///
/// A tag or an entity that a person typed arrives escaped, so one pass restores it as it was typed.
pub(crate) fn decode(text: &str) -> String {
    replaced(text, |rest, decoded| {
        if let Some((c, after)) = entity(rest) {
            decoded.push(c);
            return Some(after);
        }
        if let Some(after) = rest.strip_prefix("<br/>") {
            decoded.push('\n');
            return Some(after);
        }
        emoji::span(rest, decoded)
    })
}

/// Splits off the sender's name before a text from a room: `^(@[a-zA-Z0-9]+|[a-zA-Z0-9_-]+):<br/>`
/// ([P67](crate::protocol#p67)).
pub(crate) fn split_sender(content: &str) -> Option<(&str, &str)> {
    content.split_once(":<br/>").filter(|(name, _)| is_sender(name))
}

/// Returns whether a text can be the sender's name before a text from a room.
pub(crate) fn is_sender(name: &str) -> bool {
    let (id, others): (_, &[u8]) = match name.strip_prefix('@') {
        Some(id) => (id, b""),
        None => (name, b"_-"),
    };
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || others.contains(&byte);
    !id.is_empty() && id.bytes().all(is_valid)
}

/// Removes the links of a system text, as the page does, and keeps their texts.
pub(crate) fn without_links(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        kept.push_str(before);
        let is_link = tag.starts_with("<a ") || tag.starts_with("</a>");
        // A tag ends before the next one begins, so each byte is examined twice at most.
        let end = tag[1..].find(['<', '>']).map(|end| end + 1);
        rest = match end.filter(|end| is_link && tag.as_bytes()[*end] == b'>') {
            Some(end) => &tag[end + 1..],
            None => {
                kept.push('<');
                &tag[1..]
            }
        };
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests;
