//! Saves each state of a flow before it is acted on.

use std::time::Duration;

use wx_proto::flow::{Action, Flow, Input, Misuse, Progress, Snapshot};
use wx_proto::{Error, LocalError};

use crate::transport::Ears;

pub(crate) struct Keeping<'a, F, E> {
    flow: F,
    ears: &'a E,
    kept: Option<Snapshot>,
    failed: Option<Error>,
}

impl<'a, F, E> Keeping<'a, F, E> {
    pub(crate) fn new(flow: F, ears: &'a E) -> Self {
        Self { flow, ears, kept: None, failed: None }
    }
}

impl<T, F: Flow<Output = Result<T, Error>>, E: Ears> Flow for Keeping<'_, F, E> {
    type Output = F::Output;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        if let Some(error) = &self.failed {
            return Action::Done(Err(error.clone()));
        }
        let action = self.flow.poll(now);
        let Some(snapshot) = self.flow.snapshot() else { return action };
        if self.kept.as_ref() != Some(&snapshot) {
            if let Err(error) = self.ears.save(&snapshot) {
                let error = Error::new(self.flow.progress().step, LocalError::from(error));
                return Action::Done(Err(self.failed.insert(error).clone()));
            }
            self.kept = Some(snapshot);
        }
        action
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), Misuse> {
        self.flow.handle(input, now)
    }

    fn progress(&self) -> Progress {
        self.flow.progress()
    }

    fn snapshot(&self) -> Option<Snapshot> {
        self.flow.snapshot()
    }

    fn cancel(&mut self) {
        self.flow.cancel();
    }
}
