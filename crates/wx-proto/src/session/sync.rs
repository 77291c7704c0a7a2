//! The sync state of a login: its position in the server's list of messages, and the ids of the
//! last messages ([§8.5](crate::protocol#s8-5), [§8.6](crate::protocol#s8-6)).

use std::collections::{BTreeSet, VecDeque};

use super::outstanding::{BatchReceipt, Outstanding};
use super::sync_key::SyncKey;
use crate::model::ids::MsgId;

/// The number of message ids that are remembered to drop repeated messages and copies of own ones
/// ([P57](crate::protocol#p57), [P97](crate::protocol#p97)). No batch has more messages.
const REMEMBERED: usize = 20_000;
/// The number of message ids that are saved in the session file.
const SAVED: usize = 500;

/// The sync state of a login.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SyncState {
    /// The key for webwxsync, after all batches, also those that are outstanding.
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
    /// How many ids were removed from the front of `order`.
    forgotten: u64,
    outstanding: Outstanding,
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

    /// Returns the position for the session file: before the oldest outstanding batch.
    pub(super) fn acknowledged_key(&self) -> Option<&SyncKey> {
        self.outstanding.position(self.key.as_ref())
    }

    /// Returns the last message ids for the session file, oldest first. Those of outstanding
    /// batches are missing, so that they are received again.
    pub(super) fn recent(&self) -> Vec<String> {
        let newest_first = self.order.iter().enumerate().rev();
        let handled = newest_first
            .filter(|(at, _)| !self.outstanding.contains(self.forgotten + *at as u64))
            .map(|(_, id)| id.to_string());
        let mut ids: Vec<_> = handled.take(SAVED).collect();
        ids.reverse();
        ids
    }

    /// Returns how many ids were remembered so far.
    pub(super) fn remembered(&self) -> u64 {
        self.forgotten + self.order.len() as u64
    }

    /// Adds an outstanding batch, which was requested at the position `before`. Its ids are those
    /// that were remembered after the first `known` ones.
    pub(super) fn add_batch(
        &mut self,
        login_mark: u64,
        before: Option<SyncKey>,
        known: u64,
    ) -> BatchReceipt {
        self.outstanding.add(login_mark, before, known..self.remembered())
    }

    /// Acknowledges a batch. Returns whether it was outstanding.
    pub(super) fn acknowledge(&mut self, receipt: BatchReceipt) -> bool {
        self.outstanding.acknowledge(receipt)
    }

    /// Returns whether a batch is outstanding.
    pub(super) fn has_outstanding(&self) -> bool {
        !self.outstanding.is_empty()
    }

    /// Returns to the position before the oldest outstanding batch, and forgets the messages of all
    /// outstanding batches.
    pub(super) fn rewind(&mut self) {
        self.key = self.acknowledged_key().cloned();
        (self.check_key, self.due) = (None, self.key.is_some());
        let Self { order, seen, forgotten, outstanding, .. } = self;
        let mut number = *forgotten;
        order.retain(|id| {
            let is_outstanding = outstanding.contains(number);
            number += 1;
            if is_outstanding {
                seen.remove(id);
            }
            !is_outstanding
        });
        self.outstanding.clear();
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
            self.forgotten += 1;
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

    #[test]
    fn p57_a_message_is_new_once() {
        let id = |n: usize| MsgId::new(n.to_string()).unwrap();
        let mut state = SyncState::default();
        let mut is_new = |n: usize| state.is_new(&id(n));
        assert!(is_new(1) && is_new(2) && !is_new(1));
        for n in 0..REMEMBERED {
            is_new(100 + n);
        }
        assert_eq!((state.seen.len(), state.order.len()), (REMEMBERED, REMEMBERED));
        assert_eq!(state.recent().len(), SAVED);
        assert!(state.is_new(&id(1)), "what is long past is forgotten");
    }
}
