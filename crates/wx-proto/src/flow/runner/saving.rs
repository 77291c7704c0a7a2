//! The states of a job that are saved.

use std::time::Duration;

use super::{Due, Runner};
use crate::flow::job::Job;
use crate::flow::snapshot::Snapshot;
use crate::flow::{Input, UnexpectedInput};
use crate::model::unix_ms::UnixMs;

impl<J: Job> Runner<J> {
    /// Returns the state of the outstanding [`Action::Save`](crate::flow::Action::Save).
    pub(super) fn outstanding_save(&self) -> Option<&Snapshot> {
        self.checkpoints.as_ref()?.outstanding()
    }

    /// Returns the state that has to be saved before the next action, if there is one. If a message
    /// leaves next, the state records that.
    pub(super) fn checkpoint(&mut self, leaves: bool, now: Duration) -> Option<Snapshot> {
        self.checkpoints.as_ref()?;
        let first_left = self.call.first_left();
        let leaves_at = leaves.then(|| first_left.unwrap_or_else(|| self.clock.time(now)));
        let snapshot = self.snapshot_at(leaves_at.or(first_left))?;
        self.checkpoints.as_mut()?.take(snapshot, leaves_at).cloned()
    }

    /// Handles the answer to [`Action::Save`](crate::flow::Action::Save).
    pub(super) fn save_input(&mut self, input: Input) -> Result<(), UnexpectedInput> {
        let Some(checkpoints) = &mut self.checkpoints else { return Err(UnexpectedInput) };
        match input {
            Input::Saved => self.call.leaves_at(checkpoints.saved()),
            Input::Local(error) => {
                checkpoints.failed();
                // The message does not leave now. An earlier try may still have delivered it.
                self.abandon(error.into());
            }
            _ => return Err(UnexpectedInput),
        }
        Ok(())
    }

    pub(in crate::flow) fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot_at(self.call.first_left())
    }

    fn snapshot_at(&self, first_left: Option<UnixMs>) -> Option<Snapshot> {
        let done = match &self.due {
            Due::Done(Ok(output)) => Some(output),
            _ => None,
        };
        let saved = self.job.saved(done, first_left)?;
        Some(Snapshot::new(self.login.fingerprint.clone(), self.seed, saved))
    }
}
