//! The few entities that the server uses, in XML and in messages ([P54](crate::protocol#p54),
//! [P58](crate::protocol#p58)).
//!
//! No crate serves: those that decode HTML know all of its entities, but texts keep every entity
//! that the page does not decode.

const ENTITIES: [(&str, char); 6] = [
    ("&lt;", '<'),
    ("&gt;", '>'),
    ("&#39;", '\''),
    ("&apos;", '\''),
    ("&quot;", '"'),
    ("&amp;", '&'),
];

/// Decodes the entities once, even if they are escaped twice ([P58](crate::protocol#p58)).
pub(crate) fn decode(text: &str) -> String {
    replaced(text, entity)
}

/// Like [`decode`], and replaces each unescaped `<br/>` by a line break
/// ([P58](crate::protocol#p58)).
pub(crate) fn decode_with_breaks(text: &str) -> String {
    replaced(text, |rest| entity(rest).or_else(|| Some((rest.strip_prefix("<br/>")?, '\n'))))
}

fn entity(rest: &str) -> Option<(&str, char)> {
    ENTITIES.iter().find_map(|(entity, plain)| Some((rest.strip_prefix(entity)?, *plain)))
}

/// Replaces characters in one pass. `what` returns the character that the rest of the text begins
/// with, and the text after it.
fn replaced(text: &str, what: impl Fn(&str) -> Option<(&str, char)>) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let (after, c) = what(rest).unwrap_or((&rest[1..], char::from(rest.as_bytes()[0])));
        decoded.push(c);
        rest = after;
    }
    decoded.push_str(rest);
    decoded
}

/// Escapes a text for XML.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => encoded.push_str("&amp;"),
            '<' => encoded.push_str("&lt;"),
            '>' => encoded.push_str("&gt;"),
            '"' => encoded.push_str("&quot;"),
            '\'' => encoded.push_str("&#39;"),
            c => encoded.push(c),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p58_what_is_escaped_twice_is_decoded_once() {
        assert_eq!(decode("&lt;a b=&quot;c&quot;&gt;&#39;&amp;"), "<a b=\"c\">'&");
        assert_eq!(decode("&amp;lt; &amp;amp;"), "&lt; &amp;");
        assert_eq!(decode("& &; &lt"), "& &; &lt");
        assert_eq!(decode("a<br/>&lt;br/&gt;"), "a<br/><br/>");
        assert_eq!(decode_with_breaks("a<br/><br>&lt;br/&gt;&amp;#39;"), "a\n<br><br/>&#39;");
        let all = "a&<>\"'&amp;";
        assert_eq!(decode(&encode(all)), all);
    }
}
