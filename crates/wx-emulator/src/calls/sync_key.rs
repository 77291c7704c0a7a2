//! The SyncKey, which is a position in the sequence of messages, and the SyncCheckKey.

use serde_json::{Value, json};

/// Counters start at this value. The one with key 2 counts messages.
const START: u64 = 653_210_000;
/// The value with key 1000 in a SyncKey.
pub(super) const CLOCK: u64 = 1_511_493_942;
/// The value with key 1000 in a SyncCheckKey.
pub(super) const CHECK_CLOCK: u64 = CLOCK + 1;

/// Returns the SyncKey of webwxinit, which has fewer entries than the one of webwxsync.
pub(super) fn first(count: usize) -> Value {
    from_entries(&[(1, START), (2, START + count as u64), (3, START - 1), (1000, CLOCK)])
}

/// Returns the key of the position after `count` messages.
pub(super) fn after(count: usize, clock: u64) -> Value {
    from_entries(&[
        (1, START),
        (2, START + count as u64),
        (3, START - 1),
        (11, START - 7),
        (201, CLOCK - 60),
        (1000, clock),
        (1001, CLOCK - 3600),
    ])
}

fn from_entries(entries: &[(u64, u64)]) -> Value {
    let list: Vec<Value> =
        entries.iter().map(|(key, val)| json!({ "Key": key, "Val": val })).collect();
    json!({ "Count": list.len(), "List": list })
}

/// Returns the number of messages that a client with this counter has received.
pub(super) fn received(counter: Option<u64>) -> usize {
    counter.map_or(0, |counter| counter.saturating_sub(START) as usize)
}
