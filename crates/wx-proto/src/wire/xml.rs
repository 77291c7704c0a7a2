//! The XML of the login page: one root with flat children, parsed leniently
//! ([§8.3](crate::protocol#s8-3), [P54](crate::protocol#p54)).
//!
//! No crate serves: XML parsers refuse what is not well-formed, which a login page need not be.

use super::entities;

/// Returns the text of the first element `name` with decoded entities, or `None` if there is none.
pub(crate) fn text(xml: &str, name: &str) -> Option<String> {
    let inside = element(xml, name)?.trim();
    Some(match inside.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>")) {
        Some(verbatim) => verbatim.to_owned(),
        None => entities::decode(inside),
    })
}

/// Returns the content of the first element `name`. Each byte is examined a bounded number of
/// times: a tag ends at `>`, and an unterminated one is skipped up to the next `<`.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = xml;
    loop {
        rest = rest.split_once('<')?.1;
        let Some(tag) = rest.strip_prefix(name) else { continue };
        let end = tag.find(['<', '>'])?;
        let (attributes, inside) = (&tag[..end], &tag[end + 1..]);
        if tag.as_bytes()[end] == b'<' {
            rest = &tag[end..];
            continue;
        }
        // The tag has a longer name.
        if !attributes.is_empty()
            && !attributes.starts_with(|c: char| c == '/' || c.is_whitespace())
        {
            continue;
        }
        if attributes.ends_with('/') {
            return Some("");
        }
        return inside.match_indices("</").find_map(|(end, _)| {
            let closing = inside[end + 2..].strip_prefix(name)?;
            closing.starts_with(|c: char| c == '>' || c.is_whitespace()).then(|| &inside[..end])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p54_flat_elements_with_escapes() {
        let xml = "<?xml version=\"1.0\"?>\n<error>\n <ret>0</ret><message/><skeys>no</skeys><skey \
         a='b'> @x&amp;y&lt; </skey \
                   ><t><![CDATA[a&amp;b]]></t></error>";
        assert_eq!(text(xml, "ret").as_deref(), Some("0"));
        assert_eq!(text(xml, "message").as_deref(), Some(""));
        assert_eq!(text(xml, "skey").as_deref(), Some("@x&y<"));
        assert_eq!(text(xml, "t").as_deref(), Some("a&amp;b"));
        assert_eq!(text(xml, "wxsid"), None);
        let longer = "<retry/><rets>1</rets><ret>a</retx>b</ret>";
        assert_eq!(text(longer, "ret").as_deref(), Some("a</retx>b"));
        assert_eq!(text("<ret<ret <ret>7</ret>", "ret").as_deref(), Some("7"));
        for broken in ["", "<", "<ret", "<ret>", "<ret>0", "ret>0</ret>", "<<<ret>>"] {
            assert_eq!(text(broken, "ret"), None, "{broken}");
        }
    }
}
