use std::io;
use std::time::Duration;

use super::{Action, Flow, Input, Misuse, Progress, Snapshot};
use crate::{Error, LocalError};

/// Any flow that can be saved, with each new state handed to `save` before it is acted on: so a program that is killed at
/// any moment has saved all that it did, and can [resume](super::Upload::resume).
///
/// An error of `save` ends the job there, before anything else leaves. No message was sent then: once one may have been
/// delivered, nothing changes that would be saved.
///
/// ```
/// use wx_proto::flow::Saving;
/// # fn wrap(upload: wx_proto::flow::Upload) {
/// let mut flow = Saving::new(upload, |snapshot| std::fs::write("job.json", snapshot.to_json()));
/// # }
/// ```
#[derive(Debug)]
pub struct Saving<F, S: FnMut(&Snapshot) -> io::Result<()>> {
    flow: F,
    save: S,
    saved: Option<Snapshot>,
    failed: Option<Error>,
}

impl<F: Flow, S: FnMut(&Snapshot) -> io::Result<()>> Saving<F, S> {
    /// Calls `save` with each new state of `flow`.
    pub fn new(flow: F, save: S) -> Self {
        Self { flow, save, saved: None, failed: None }
    }
}

impl<T, F, S> Flow for Saving<F, S>
where
    F: Flow<Output = Result<T, Error>>,
    S: FnMut(&Snapshot) -> io::Result<()>,
{
    type Output = F::Output;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        if let Some(error) = &self.failed {
            return Action::Done(Err(error.clone()));
        }
        let action = self.flow.poll(now);
        let snapshot = self.flow.snapshot();
        if let Some(snapshot) = snapshot.filter(|snapshot| self.saved.as_ref() != Some(snapshot)) {
            if let Err(error) = (self.save)(&snapshot) {
                let error = Error::new(self.flow.progress().step, LocalError::from(error));
                return Action::Done(Err(self.failed.insert(error).clone()));
            }
            self.saved = Some(snapshot);
        }
        action
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), Misuse> {
        if self.failed.is_some() {
            return Err(Misuse);
        }
        self.flow.handle(input, now)
    }

    fn progress(&self) -> Progress {
        let progress = self.flow.progress();
        // What could not be saved was not handed out.
        Progress { in_doubt: progress.in_doubt && self.failed.is_none(), ..progress }
    }

    fn snapshot(&self) -> Option<Snapshot> {
        if self.failed.is_some() { self.saved.clone() } else { self.flow.snapshot() }
    }

    fn cancel(&mut self) {
        self.flow.cancel();
    }
}
