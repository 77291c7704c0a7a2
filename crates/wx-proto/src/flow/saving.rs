use std::io;
use std::time::Duration;

use super::{Action, Flow, Input, Progress, Snapshot, UnexpectedInput};
use crate::model::error::{Error, ErrorKind};
use crate::model::source_error::SourceError;
use crate::model::step::Step;

/// Any flow that can be saved, with each new state handed to `save` before it is acted on, and the
/// state of a message each time that it leaves: so a program that is killed at
/// any moment has saved all that it did, and can [resume](super::Upload::resume).
///
/// An error of `save` ends the job there, before anything else leaves: not sent, or
/// [uncertain](crate::ErrorKind::Uncertain) if the message may have been delivered before. What a
/// job ended with stays as it is, saved or not.
///
/// Write the file whole, beside the old one, and rename it: a program can be killed while it
/// writes.
///
/// ```
/// use wx_proto::flow::Saving;
/// # fn wrap(upload: wx_proto::flow::Upload) {
/// let mut flow = Saving::new(upload, |snapshot| {
///     std::fs::write("job.json.new", snapshot.to_json())?;
///     std::fs::rename("job.json.new", "job.json")
/// });
/// # }
/// ```
#[derive(Debug)]
pub struct Saving<F, S: FnMut(&Snapshot) -> io::Result<()>> {
    flow: F,
    save: S,
    saved: Option<Snapshot>,
    /// Why a state could not be saved, and the state that the job is left in.
    failed: Option<(Error, Option<Snapshot>)>,
}

impl<F: Flow, S: FnMut(&Snapshot) -> io::Result<()>> Saving<F, S> {
    /// Calls `save` with each new state of `flow`.
    pub fn new(flow: F, save: S) -> Self {
        Self { flow, save, saved: None, failed: None }
    }

    /// What was about to be handed out stays here; an earlier hand-out does not become undone by
    /// that.
    fn fail(&mut self, error: io::Error, snapshot: Snapshot, doubtful: bool) -> Error {
        let Progress { step, chunk, attempt, local_id, .. } = self.flow.progress();
        let kind = ErrorKind::Source(SourceError::from(error));
        let kind = match doubtful {
            true => ErrorKind::Uncertain {
                last: Some(Box::new(kind)),
                tries: attempt.saturating_sub(1).max(1),
            },
            false => kind,
        };
        let uploaded = snapshot.uploaded().cloned().map(Box::new);
        let error = Error { chunk, uploaded, local_id, ..Error::new(step, kind) };
        let left = if doubtful { Some(snapshot) } else { self.saved.clone() };
        self.failed = Some((error.clone(), left));
        error
    }
}

impl<T, F, S> Flow for Saving<F, S>
where
    F: Flow<Output = Result<T, Error>>,
    S: FnMut(&Snapshot) -> io::Result<()>,
{
    type Output = F::Output;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        if let Some((error, _)) = &self.failed {
            return Action::Done(Err(error.clone()));
        }
        let doubtful = self.flow.progress().in_doubt;
        let action = self.flow.poll(now);
        let snapshot = self.flow.snapshot();
        // A message leaves only while its state can be saved, unchanged as it may be.
        let leaves =
            matches!(action, Action::Send(..)) && self.flow.progress().step == Step::Message;
        let is_due = |snapshot: &Snapshot| leaves || self.saved.as_ref() != Some(snapshot);
        let Some(snapshot) = snapshot.filter(is_due) else {
            return action;
        };
        match ((self.save)(&snapshot), action) {
            (Ok(()), action) => {
                self.saved = Some(snapshot);
                action
            }
            // It is over, and nothing leaves any more.
            (Err(_), Action::Done(output)) => Action::Done(output),
            (Err(error), _) => Action::Done(Err(self.fail(error, snapshot, doubtful))),
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        if self.failed.is_some() {
            return Err(UnexpectedInput);
        }
        self.flow.handle(input, now)
    }

    fn progress(&self) -> Progress {
        let progress = self.flow.progress();
        // What could not be saved was not handed out.
        Progress { in_doubt: progress.in_doubt && self.failed.is_none(), ..progress }
    }

    fn snapshot(&self) -> Option<Snapshot> {
        match &self.failed {
            Some((_, left)) => left.clone(),
            None => self.flow.snapshot(),
        }
    }

    fn cancel(&mut self) {
        self.flow.cancel();
    }
}
