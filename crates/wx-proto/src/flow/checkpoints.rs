//! The states of a job that is saved: which is due, which was saved last.

use super::Snapshot;

/// What is saved of a job, if it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoints {
    last: Option<Snapshot>,
    outstanding: Option<Outstanding>,
    /// The message may leave: its state has been saved for that.
    is_cleared: bool,
    /// A state could not be saved; none is saved any more.
    has_failed: bool,
}

/// A state that was handed out to be saved.
#[derive(Clone, Debug)]
struct Outstanding {
    snapshot: Snapshot,
    /// When the message is to leave, in Unix milliseconds, if it is to leave after that.
    leaves_ms: Option<u64>,
}

impl Checkpoints {
    pub(super) fn outstanding(&self) -> Option<&Snapshot> {
        self.outstanding.as_ref().map(|outstanding| &outstanding.snapshot)
    }

    /// Takes the state of the job, before its next action. A message leaves only while its state
    /// can be saved, unchanged as it may be.
    pub(super) fn take(&mut self, snapshot: Snapshot, leaves_ms: Option<u64>) -> Option<&Snapshot> {
        let is_due = match leaves_ms {
            Some(_) => !self.is_cleared,
            None => self.last.as_ref() != Some(&snapshot),
        };
        if self.has_failed || !is_due {
            return None;
        }
        self.outstanding = Some(Outstanding { snapshot, leaves_ms });
        self.outstanding()
    }

    /// The outstanding state is saved. Returns when the message leaves, if it does.
    pub(super) fn saved(&mut self) -> Option<u64> {
        let Outstanding { snapshot, leaves_ms } = self.outstanding.take()?;
        self.last = Some(snapshot);
        self.is_cleared = leaves_ms.is_some();
        leaves_ms
    }

    /// The outstanding state could not be saved.
    pub(super) fn failed(&mut self) {
        (self.outstanding, self.has_failed) = (None, true);
    }

    /// The message has left.
    pub(super) fn left(&mut self) {
        self.is_cleared = false;
    }

    /// The job has ended in between: what was to be saved may be saved by now, and is not true.
    pub(super) fn forget(&mut self) {
        if self.outstanding.take().is_some() {
            self.last = None;
        }
        self.is_cleared = false;
    }
}
