//! The batches of messages that are not acknowledged yet.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::sync_key::SyncKey;
use crate::model::opaque::opaque;

/// Identifies a batch of messages, to acknowledge it with
/// [`Session::acknowledge`](crate::Session::acknowledge).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BatchReceipt {
    batch: BatchNumber,
    /// A hash of the login and of the position before the batch. Sessions that were read from the
    /// same file number their batches alike.
    origin: u64,
}

opaque!(BatchReceipt);

/// The number of a batch in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct BatchNumber(u64);

/// The maximum number of entries. A program that never acknowledges a batch must not use more and
/// more memory, so the last entry then stands for all later batches together.
const TRACKED: usize = 1000;

/// The batches that are not acknowledged yet, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outstanding {
    entries: VecDeque<Entry>,
    /// The number of the last batch.
    last: u64,
}

/// One batch, or several consecutive ones that are removed together once all are acknowledged.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    /// The numbers of its first and its last batch.
    first: BatchNumber,
    last: BatchNumber,
    /// The number of its batches that are not acknowledged.
    open: u64,
    /// The marks of these, combined by XOR.
    marks: u64,
    /// The sync position before its first batch.
    before: Option<SyncKey>,
    /// The numbers of its message ids, in the order in which the session has remembered them.
    ids: Range<u64>,
}

impl Entry {
    /// Acknowledges a batch. Returns whether it was outstanding. Of several batches, only the marks
    /// are known: if one is acknowledged twice, the entry is never removed, which loses nothing.
    fn acknowledge(&mut self, mark: u64) -> bool {
        let is_open = self.open > 1 || (self.open == 1 && self.marks == mark);
        if is_open {
            self.open -= 1;
            self.marks ^= mark;
        }
        is_open
    }
}

impl BatchReceipt {
    fn mark(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        (self.batch.0, self.origin).hash(&mut hash);
        hash.finish()
    }
}

impl Outstanding {
    /// Adds a batch. `before` is the position before it, and `ids` are the numbers of its ids.
    pub(super) fn add(
        &mut self,
        login_mark: u64,
        before: Option<SyncKey>,
        ids: Range<u64>,
    ) -> BatchReceipt {
        let mut hash = DefaultHasher::new();
        (login_mark, before.as_ref().map(SyncKey::in_query)).hash(&mut hash);
        self.last += 1;
        let receipt = BatchReceipt { batch: BatchNumber(self.last), origin: hash.finish() };
        let (number, mark) = (receipt.batch, receipt.mark());
        let is_full = self.entries.len() >= TRACKED;
        match self.entries.back_mut() {
            Some(newest) if is_full => {
                newest.last = number;
                newest.open += 1;
                newest.marks ^= mark;
                // Messages that were sent in between are included too.
                newest.ids.end = ids.end;
            }
            _ => {
                let (first, last) = (number, number);
                self.entries.push_back(Entry { first, last, open: 1, marks: mark, before, ids });
            }
        }
        receipt
    }

    /// Acknowledges a batch. Returns whether it was outstanding.
    pub(super) fn acknowledge(&mut self, receipt: BatchReceipt) -> bool {
        let at = self.entries.partition_point(|entry| entry.last < receipt.batch);
        let Some(entry) = self.entries.get_mut(at) else { return false };
        let was_open = entry.first <= receipt.batch && entry.acknowledge(receipt.mark());
        if was_open && entry.open == 0 {
            self.entries.remove(at);
        }
        was_open
    }

    /// Returns whether the id with this number belongs to an outstanding batch.
    pub(super) fn contains(&self, id: u64) -> bool {
        let at = self.entries.partition_point(|entry| entry.ids.end <= id);
        self.entries.get(at).is_some_and(|entry| entry.ids.contains(&id))
    }

    /// Returns the position before the oldest batch, or `position` if no batch is outstanding.
    pub(super) fn position<'a>(&'a self, position: Option<&'a SyncKey>) -> Option<&'a SyncKey> {
        self.entries.front().map_or(position, |oldest| oldest.before.as_ref())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Forgets all batches. Their receipts have no effect from now on.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}
