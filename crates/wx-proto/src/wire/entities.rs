//! The entities that the page decodes, and the escapes of XML ([P54](crate::protocol#p54),
//! [P58](crate::protocol#p58)).
//!
//! No crate fits: HTML decoders decode all entities, but texts keep the entities that the official
//! page does not decode.

const ENTITIES: [(&str, char); 5] =
    [("&lt;", '<'), ("&gt;", '>'), ("&#39;", '\''), ("&quot;", '"'), ("&amp;", '&')];

/// Returns the character of the entity that `text` begins with, and the text after it.
pub(crate) fn entity(text: &str) -> Option<(char, &str)> {
    ENTITIES.iter().find_map(|(entity, plain)| Some((*plain, text.strip_prefix(entity)?)))
}

/// Replaces parts of a text in one pass, so that nothing is decoded twice. `replace` gets the rest
/// of the text at each `&` and `<`. It appends the replacement and returns the text after what it
/// replaced, or returns `None` if the character stays.
pub(crate) fn replaced(
    text: &str,
    replace: impl for<'a> Fn(&'a str, &mut String) -> Option<&'a str>,
) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = replace(rest, &mut decoded).unwrap_or_else(|| {
            decoded.push_str(&rest[..1]);
            &rest[1..]
        });
    }
    decoded.push_str(rest);
    decoded
}

/// Escapes a text for the content of an XML element ([P74](crate::protocol#p74)).
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => encoded.push_str("&amp;"),
            '<' => encoded.push_str("&lt;"),
            '>' => encoded.push_str("&gt;"),
            c => encoded.push(c),
        }
    }
    encoded
}
