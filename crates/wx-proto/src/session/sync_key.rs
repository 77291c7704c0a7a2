//! The position in the server's list of messages ([§8.5](crate::protocol#s8-5),
//! [§8.6](crate::protocol#s8-6)).

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use crate::wire::lenient;

/// A position in the server's list of messages. It is sent back unchanged, with the same numbers in
/// the same order ([P55](crate::protocol#p55)).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ReadKey")]
pub(crate) struct SyncKey {
    #[serde(rename = "Count")]
    count: u64,
    #[serde(rename = "List")]
    list: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReadKey {
    #[serde(default, deserialize_with = "lenient::number")]
    count: Option<u64>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    list: Vec<Entry>,
}

impl From<ReadKey> for SyncKey {
    /// Keeps the list even if `Count` is not a number, because only the list matters.
    fn from(ReadKey { count, list }: ReadKey) -> Self {
        Self { count: count.unwrap_or(list.len() as u64), list }
    }
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    #[serde(rename = "Key", deserialize_with = "lenient::signed")]
    key: i64,
    #[serde(rename = "Val", deserialize_with = "lenient::signed")]
    val: i64,
}

impl SyncKey {
    /// Returns the key, unless it is absurdly long, or empty as in every refusal
    /// ([P55](crate::protocol#p55)).
    pub(crate) fn non_empty(self) -> Option<Self> {
        (self.count > 0 && (1..=ENTRIES).contains(&self.list.len())).then_some(self)
    }

    /// Returns the key in the form of synccheck's query ([P56](crate::protocol#p56)).
    pub(crate) fn in_query(&self) -> String {
        let mut text = String::new();
        for Entry { key, val } in &self.list {
            let separator = if text.is_empty() { "" } else { "|" };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}{key}_{val}");
        }
        text
    }
}

impl fmt::Debug for SyncKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyncKey({} entries)", self.list.len())
    }
}

/// The maximum number of entries. Longer keys are ignored, because all entries are part of a query
/// and of the session file. About ten are usual.
const ENTRIES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn vector() -> serde_json::Value {
        let text = include_str!("../../tests/vectors/login_and_sync.json");
        serde_json::from_str::<serde_json::Value>(text).unwrap()["synckey"].clone()
    }

    #[test]
    fn p55_p56_a_key_is_sent_back_as_it_came() {
        let key: SyncKey = serde_json::from_value(vector()["object"].clone()).unwrap();
        assert_eq!(serde_json::to_value(&key).unwrap(), vector()["object"]);
        assert_eq!(key.in_query(), vector()["query_value"].as_str().unwrap());
        assert!(key.non_empty().is_some());
        for empty in
            [r#"{"Count":0}"#, r#"{"Count":0,"List":[]}"#, "{}", r#"{"Count":2,"List":[]}"#]
        {
            assert_eq!(
                serde_json::from_str::<SyncKey>(empty).unwrap().non_empty(),
                None,
                "{empty}"
            );
        }
        for odd in [
            "\"\"",
            "\"x\"",
            "-1",
            "1.5",
            "1e999",
            "null",
            "true",
            "[1,[]]",
            "{\"a\":{}}",
            "18446744073709551616",
        ] {
            let read = |list: &str| {
                serde_json::from_str::<SyncKey>(&format!(r#"{{"Count":{odd},"List":{list}}}"#))
            };
            let key = read(r#"[{"Key":1,"Val":2}]"#).unwrap().non_empty().expect("a key");
            assert_eq!(
                serde_json::to_string(&key).unwrap(),
                r#"{"Count":1,"List":[{"Key":1,"Val":2}]}"#,
                "{odd}"
            );
            assert_eq!(read("[]").unwrap().non_empty(), None, "{odd}");
        }
    }
}
