//! The sync state of a login: its position in the server's list of messages, and the ids of the
//! last messages ([§8.5](crate::protocol#s8-5), [§8.6](crate::protocol#s8-6)).

use std::collections::{BTreeSet, VecDeque};
use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};

use crate::model::ids::MsgId;
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
/// The number of message ids that are remembered to drop repeated messages and copies of own ones
/// ([P57](crate::protocol#p57), [P97](crate::protocol#p97)). No batch has more messages.
const REMEMBERED: usize = 20_000;
/// The number of message ids that are saved in the session file.
const SAVED: usize = 500;

/// The sync state of a login.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SyncState {
    /// The key for webwxsync.
    pub(crate) key: Option<SyncKey>,
    /// The key for synccheck, if the last webwxsync sent a separate one. It is not saved, because
    /// webwxsync comes first after a restart.
    pub(crate) check_key: Option<SyncKey>,
    /// Whether webwxsync is called next, without a preceding synccheck.
    pub(crate) due: bool,
    /// When webwxsync last replied, in Unix seconds.
    pub(crate) synced_at: Option<u64>,
    /// The ids of the last messages, received or sent, as numbers, oldest first. `seen` is a set of
    /// the same ids.
    order: VecDeque<u128>,
    seen: BTreeSet<u128>,
}

impl SyncState {
    /// Creates the state from the values in a session file.
    pub(super) fn saved(key: Option<SyncKey>, synced_at: Option<u64>, seen: Vec<MsgId>) -> Self {
        let mut state = Self { due: key.is_some(), key, synced_at, ..Self::default() };
        for id in &seen {
            state.is_new(id);
        }
        state
    }

    /// Returns the last message ids, for the session file.
    pub(super) fn recent(&self) -> impl Iterator<Item = String> {
        self.order.iter().skip(self.order.len().saturating_sub(SAVED)).map(u128::to_string)
    }

    /// Returns whether a message is remembered.
    pub(crate) fn has(&self, id: &MsgId) -> bool {
        self.seen.contains(&number(id))
    }

    /// Remembers a message. Returns whether it is new.
    pub(crate) fn is_new(&mut self, id: &MsgId) -> bool {
        let id = number(id);
        if !self.seen.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}

fn number(id: &MsgId) -> u128 {
    // An id has at most twenty digits, so it fits.
    id.as_str().parse().unwrap_or_default()
}

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

    #[test]
    fn p57_a_message_is_new_once() {
        let id = |n: usize| MsgId::new(n.to_string()).unwrap();
        let mut state = SyncState::default();
        assert!(state.is_new(&id(1)) && state.is_new(&id(2)) && !state.is_new(&id(1)));
        for n in 0..REMEMBERED {
            state.is_new(&id(100 + n));
        }
        assert_eq!((state.seen.len(), state.order.len()), (REMEMBERED, REMEMBERED));
        assert_eq!(state.recent().count(), SAVED);
        assert!(state.is_new(&id(1)), "what is long past is forgotten");
    }
}
