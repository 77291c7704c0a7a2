//! Lists of messages or contacts. An invalid element, which anybody can cause, affects no other
//! one.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::skipped::Skipped;

/// The maximum number of elements of one reply.
pub(crate) const LIMIT: usize = 20_000;

/// An element of a list.
pub(crate) trait Element: Sized {
    /// Parses an element. Returns `None` if its identifying fields are missing or invalid.
    fn from_json(json: &RawValue) -> Option<Self>;
}

/// The valid elements of a list.
#[derive(Debug)]
pub(crate) struct List<T> {
    pub(crate) elements: Vec<T>,
    pub(crate) skipped: Skipped,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { elements: Vec::new(), skipped: Skipped::default() }
    }
}

/// Reads a list that may be null. Anything else that is not a list counts as one unreadable
/// element, and does not affect the rest of the reply.
pub(crate) fn optional<'de, T: Element, D: Deserializer<'de>>(
    from: D,
) -> Result<List<T>, D::Error> {
    let json = <&RawValue>::deserialize(from)?.get();
    match json.as_bytes().first() {
        Some(b'[') => serde_json::from_str(json).map_err(D::Error::custom),
        Some(b'n') => Ok(List::default()),
        _ => Ok(List { elements: Vec::new(), skipped: Skipped { unreadable: 1, over_limit: 0 } }),
    }
}

impl<'de, T: Element> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Elements<T>(PhantomData<T>);

        impl<'de, T: Element> Visitor<'de> for Elements<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<List<T>, A::Error> {
                let List { mut elements, mut skipped } = List::default();
                while elements.len() < LIMIT {
                    let Some(json) = from.next_element::<&RawValue>()? else {
                        return Ok(List { elements, skipped });
                    };
                    // Only objects are parsed, because a parse error allocates its text.
                    match Some(json)
                        .filter(|json| json.get().starts_with('{'))
                        .and_then(T::from_json)
                    {
                        None => skipped.unreadable += 1,
                        Some(element) => {
                            if elements.len() == elements.capacity() {
                                // Doubling would take up to twice the memory that is needed.
                                let more = 16 + elements.len() / 4;
                                elements.reserve_exact(more.min(LIMIT - elements.len()));
                            }
                            elements.push(element);
                        }
                    }
                }
                while from.next_element::<IgnoredAny>()?.is_some() {
                    skipped.over_limit += 1;
                }
                Ok(List { elements, skipped })
            }
        }

        from.deserialize_seq(Elements(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::contact::Contact;

    #[test]
    fn every_element_is_read_or_counted() {
        let read = |json: &str| serde_json::from_str::<List<Contact>>(json);
        let odd =
            r#"{},[],null,7,1e999,"x",{"UserName":"a\ufffd"},{"UserName":"@b","UserName":"@c"}"#;
        let list = read(&format!(r#"[{{"UserName":"@a"}},{odd},{{"UserName":"@d"}}]"#)).unwrap();
        let names: Vec<_> =
            list.elements.iter().map(|contact| contact.user_name.as_str()).collect();
        assert_eq!((names, list.skipped.unreadable), (vec!["@a", "@d"], 8));
        let deep =
            format!(r#"[{}{},{{"UserName":"@a"}}]"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep).unwrap().elements.len(), 1);
        for broken in ["[{]", "[{}", "[{},", "{}", "[nope]"] {
            assert!(read(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn more_than_twenty_thousand_are_counted() {
        let many = [r#"{"UserName":"@a"}"#; LIMIT].join(",");
        let list =
            serde_json::from_str::<List<Contact>>(&format!("[{{}},{many},{{}},{many}]")).unwrap();
        let Skipped { unreadable, over_limit } = list.skipped;
        assert_eq!((list.elements.len(), unreadable, over_limit), (LIMIT, 1, LIMIT as u64 + 1));
        assert_eq!(
            list.skipped.to_string(),
            "1 could not be read, 20001 were too many for one reply"
        );
    }
}
