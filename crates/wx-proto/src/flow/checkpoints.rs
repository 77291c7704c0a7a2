//! Tracks which state of a checkpointed job has to be saved, and which one was saved last.

use super::Snapshot;

use crate::model::unix_ms::UnixMs;

/// The saved states of a job, if it is checkpointed.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoints {
    last: Option<Snapshot>,
    outstanding: Option<Outstanding>,
    /// Whether the message may leave now, because its state has been saved.
    is_cleared: bool,
    /// Whether a state could not be saved. No more states are saved after that.
    has_failed: bool,
}

/// The state of an outstanding `Action::Save`.
#[derive(Clone, Debug)]
struct Outstanding {
    snapshot: Snapshot,
    /// When the message leaves, if it leaves after this save.
    leaves_at: Option<UnixMs>,
}

impl Checkpoints {
    pub(super) fn outstanding(&self) -> Option<&Snapshot> {
        self.outstanding.as_ref().map(|outstanding| &outstanding.snapshot)
    }

    /// Handles the state of the job before its next action. Returns it if it has to be saved first.
    /// A message leaves only after a save, even if its state is unchanged.
    pub(super) fn take(
        &mut self,
        snapshot: Snapshot,
        leaves_at: Option<UnixMs>,
    ) -> Option<&Snapshot> {
        let is_due = match leaves_at {
            Some(_) => !self.is_cleared,
            None => self.last.as_ref() != Some(&snapshot),
        };
        if self.has_failed || !is_due {
            return None;
        }
        self.outstanding = Some(Outstanding { snapshot, leaves_at });
        self.outstanding()
    }

    /// Records that the outstanding state was saved. Returns when the message leaves, if it does.
    pub(super) fn saved(&mut self) -> Option<UnixMs> {
        let Outstanding { snapshot, leaves_at } = self.outstanding.take()?;
        self.last = Some(snapshot);
        self.is_cleared = leaves_at.is_some();
        leaves_at
    }

    /// Records that the outstanding state could not be saved.
    pub(super) fn failed(&mut self) {
        (self.outstanding, self.has_failed) = (None, true);
    }

    /// Records that the message has left.
    pub(super) fn left(&mut self) {
        self.is_cleared = false;
    }

    /// Drops the outstanding save, because the job has ended. That state may have been saved, and
    /// is no longer true.
    pub(super) fn forget(&mut self) {
        if self.outstanding.take().is_some() {
            self.last = None;
        }
        self.is_cleared = false;
    }
}
