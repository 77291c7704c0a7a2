//! XML of the login page and in messages, read leniently ([§8.3](crate::protocol#s8-3),
//! [P54](crate::protocol#p54), [P72](crate::protocol#p72)).
//!
//! Neither has to be well-formed, and strangers write the XML in messages. Elements are found by
//! their name. Nothing is recursive and nothing is kept, so depth costs nothing; declarations and
//! document types are skipped, so only the predefined entities of XML exist.
//!
//! No crate fits: XML parsers refuse malformed XML.

use super::entities::{entity, replaced};

/// Longer XML in a message is not read: it remains a text.
const LIMIT: usize = 256 * 1024;

/// An element as it is written. Its content may be empty.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    attributes: &'a str,
    inside: &'a str,
}

/// Returns the text of the first element `name` with decoded entities, or `None` if there is none.
pub(crate) fn text(xml: &str, name: &str) -> Option<String> {
    find(xml, name).map(Element::text)
}

/// Returns the first element called `name` in the XML of a message, or `None` if the XML is longer
/// than [`LIMIT`].
pub(crate) fn in_message<'a>(xml: &'a str, name: &str) -> Option<Element<'a>> {
    if xml.len() <= LIMIT { find(xml, name) } else { None }
}

/// Returns the first element `name`, at any depth. It ends at its own closing tag, even if elements
/// within it are not closed.
fn find<'a>(xml: &'a str, name: &str) -> Option<Element<'a>> {
    let mut tags = Tags { xml, at: 0 };
    let attributes = tags.find_map(|tag| tag.attributes.filter(|_| tag.name == name))?;
    if let Some(attributes) = attributes.strip_suffix('/') {
        return Some(Element { attributes, inside: "" });
    }
    let (start, mut depth) = (tags.at, 1_usize);
    let end = tags.filter(|tag| tag.name == name).find(|tag| {
        match tag.attributes {
            None => depth -= 1,
            Some(attributes) => depth += usize::from(!attributes.ends_with('/')),
        }
        depth == 0
    })?;
    Some(Element { attributes, inside: &xml[start..end.start] })
}

impl<'a> Element<'a> {
    /// Returns the first element `name` in this one, at any depth.
    pub(crate) fn find(self, name: &str) -> Option<Self> {
        find(self.inside, name)
    }

    /// Returns the value of an attribute, decoded and trimmed, unless it is absent or empty.
    pub(crate) fn attribute(self, name: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            let (key, value) = rest.split_once('=')?;
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, after) = value[1..].split_once(quote)?;
            if key.trim() == name {
                return Some(decode(value.trim())).filter(|value| !value.is_empty());
            }
            rest = after;
        }
    }

    /// Returns the text of an element without children, decoded and trimmed.
    pub(crate) fn text(self) -> String {
        let inside = self.inside.trim();
        match inside.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>")) {
            Some(verbatim) => verbatim.to_owned(),
            None => decode(inside),
        }
    }

    /// Returns the text of the first element `name` in this one, unless it is absent or empty.
    pub(crate) fn text_of(self, name: &str) -> Option<String> {
        self.find(name).map(Self::text).filter(|text| !text.is_empty())
    }
}

/// Decodes the entities of XML, and character references.
fn decode(text: &str) -> String {
    replaced(text, |rest, decoded| {
        let (c, after) = entity(rest).or_else(|| reference(rest))?;
        decoded.push(c);
        Some(after)
    })
}

/// Returns the character of the reference that `text` begins with, like `&apos;` or `&#x20;`.
fn reference(text: &str) -> Option<(char, &str)> {
    if let Some(after) = text.strip_prefix("&apos;") {
        return Some(('\'', after));
    }
    let text = text.strip_prefix("&#")?;
    let (digits, radix) = text.strip_prefix(['x', 'X']).map_or((text, 10), |hex| (hex, 16));
    let len = digits.bytes().take(8).take_while(u8::is_ascii_hexdigit).count();
    let (digits, after) = digits.split_at(len);
    let c = char::from_u32(u32::from_str_radix(digits, radix).ok()?)?;
    Some((c, after.strip_prefix(';')?))
}

/// A tag that opens or closes an element.
struct Tag<'a> {
    /// The position of its `<`.
    start: usize,
    name: &'a str,
    /// The rest of the tag after the name, or `None` if the tag closes an element.
    attributes: Option<&'a str>,
}

/// The tags of a text, in order. Each byte is examined a bounded number of times: a tag without an
/// end is skipped up to the next `<`.
struct Tags<'a> {
    xml: &'a str,
    at: usize,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.at + self.xml[self.at..].find('<')?;
            let rest = &self.xml[start + 1..];
            self.at = start + 1;
            let skipped = [("![CDATA[", "]]>"), ("!--", "-->")];
            if let Some((_, end)) = skipped.iter().find(|(begin, _)| rest.starts_with(begin)) {
                self.at += rest.find(end)? + end.len();
                continue;
            }
            let end = end_of_tag(rest)?;
            self.at += end;
            if rest.as_bytes()[end] == b'<' {
                continue;
            }
            self.at += 1;
            let tag = &rest[..end];
            let (tag, is_closing) = match tag.strip_prefix('/') {
                Some(tag) => (tag, true),
                None => (tag, false),
            };
            let len = tag.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(tag.len());
            let (name, attributes) = tag.split_at(len);
            return Some(Tag { start, name, attributes: (!is_closing).then_some(attributes) });
        }
    }
}

/// Returns the position of the `>` that ends a tag, or of a `<` before it.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.bytes().position(|byte| match (byte, quote) {
        (b'<', _) | (b'>', None) => true,
        (b'"' | b'\'', None) => {
            quote = Some(byte);
            false
        }
        _ => {
            quote = quote.filter(|quote| *quote != byte);
            false
        }
    })
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

    #[test]
    fn p72_markup_within_data_is_not_parsed() {
        let xml = "<msg t='a>'><!-- <a>no</a> --><b><![CDATA[<a>no</a>]]></b><a x=\"1>2\" y = \
                   'it&#39;s &#x1f604;'>yes</a></msg>";
        let a = in_message(xml, "msg").unwrap().find("a").unwrap();
        assert_eq!(a.text(), "yes");
        assert_eq!(a.attribute("x").as_deref(), Some("1>2"));
        assert_eq!(a.attribute("y").as_deref(), Some("it's 😄"));
        assert_eq!((a.attribute("z"), a.attribute("")), (None, None));
        let b = in_message(xml, "b").unwrap();
        assert_eq!(b.text(), "<a>no</a>");
        assert!(b.find("a").is_none());
    }

    #[test]
    fn p72_elements_of_one_name_within_each_other() {
        let xml = "<a><a/><a>1</a>2</a><a>3</a>";
        assert_eq!(text(xml, "a").as_deref(), Some("<a/><a>1</a>2"));
        let inner = in_message(xml, "a").unwrap();
        assert_eq!(inner.find("a").unwrap().text(), "");
        assert_eq!(text("<a><b></a>", "a").as_deref(), Some("<b>"), "whatever is open within");
        assert_eq!(text("</a><a>1</a>", "a").as_deref(), Some("1"));
        assert_eq!(text("<a><a>1</a>", "a"), None);
    }

    #[test]
    fn p72_a_document_type_declares_no_entity() {
        let xml = "<!DOCTYPE m [<!ENTITY e SYSTEM \"file:///etc/passwd\"><!ENTITY f \"&e;&e;\">]>\
                   <msg a='&e;'>&f;&lt;&#0;&#x110000;&#xd800;&#;&#12</msg>";
        let msg = in_message(xml, "msg").unwrap();
        assert_eq!(msg.attribute("a").as_deref(), Some("&e;"));
        assert_eq!(msg.text(), "&f;<\0&#x110000;&#xd800;&#;&#12");
    }

    #[test]
    fn p72_depth_costs_nothing_and_length_is_bounded() {
        let deep = format!("{}x{}", "<a>".repeat(30_000), "</a>".repeat(30_000));
        assert!(deep.len() < LIMIT);
        assert!(in_message(&deep, "a").unwrap().find("a").is_some());
        let msg = |len: usize| format!("<m>{}</m>", "x".repeat(len - 7));
        assert!(in_message(&msg(LIMIT), "m").is_some());
        assert!(in_message(&msg(LIMIT + 1), "m").is_none());
    }
}
