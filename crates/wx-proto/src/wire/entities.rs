//! The few entities that the server writes, in XML and in messages (P54, P58).

/// The text with its entities decoded, `&amp;` last: what is escaped twice is decoded once (P58).
pub(crate) fn decode(text: &str) -> String {
    let mut decoded = text.to_owned();
    for (entity, plain) in
        [("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&apos;", "'"), ("&quot;", "\""), ("&amp;", "&")]
    {
        if decoded.contains(entity) {
            decoded = decoded.replace(entity, plain);
        }
    }
    decoded
}

/// The text as it stands in XML.
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
    fn p58_ampersands_are_last() {
        assert_eq!(decode("&lt;a b=&quot;c&quot;&gt;&#39;&amp;"), "<a b=\"c\">'&");
        assert_eq!(decode("&amp;lt; &amp;amp;"), "&lt; &amp;");
        assert_eq!(decode("& &; &lt"), "& &; &lt");
        let all = "a&<>\"'&amp;";
        assert_eq!(decode(&encode(all)), all);
    }
}
