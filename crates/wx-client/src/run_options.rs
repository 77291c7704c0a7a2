//! Options for the run of a flow.

use std::fmt;
use std::time::Duration;

use wx_proto::ApiRequest;
use wx_proto::flow::{Action, ExchangeSummary, Flow, Input, Observer, Progress, Trace};

use crate::cancel_token::CancelToken;
use crate::checkpoint::CheckpointStore;

/// Options for the run of one flow.
///
/// ```
/// use wx_client::{CancelToken, RunOptions};
///
/// let stop = CancelToken::new();
/// let options = RunOptions::new()
///     .progress(|now| println!("{} bytes", now.done))
///     .cancel(&stop);
/// ```
#[derive(Default)]
#[must_use]
pub struct RunOptions<'a> {
    progress: Option<Callback<'a, Progress>>,
    trace: Option<Callback<'a, ExchangeSummary>>,
    request: Option<Callback<'a, ApiRequest>>,
    checkpoint: Option<CheckpointStore>,
    cancel: CancelToken,
}

type Callback<'a, T> = Box<dyn FnMut(&T) + Send + 'a>;
type CallbackMut<'a, T> = &'a mut (dyn FnMut(&T) + Send);

impl<'a> RunOptions<'a> {
    /// Creates options without callbacks, store or token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `callback` after each step of the job, before the next one is carried out. When
    /// [`Progress::in_doubt`] becomes true, the message is about to be sent.
    pub fn progress(mut self, callback: impl FnMut(&Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(callback));
        self
    }

    /// Calls `callback` with a summary of each exchange with the server. The summary holds what a
    /// bug report needs, and no value that was sent or received.
    pub fn trace(mut self, callback: impl FnMut(&ExchangeSummary) + Send + 'a) -> Self {
        self.trace = Some(Box::new(callback));
        self
    }

    /// Calls `callback` with each request before it is sent. A request holds the secrets of the
    /// login.
    pub fn on_request(mut self, callback: impl FnMut(&ApiRequest) + Send + 'a) -> Self {
        self.request = Some(Box::new(callback));
        self
    }

    /// Stores the states of a flow that is
    /// [checkpointed](wx_proto::flow::SendImage::checkpointed). Each state is stored before
    /// anything that it records is sent.
    pub fn checkpoint(mut self, store: CheckpointStore) -> Self {
        self.set_checkpoint(store);
        self
    }

    /// Stops the job once `token` is cancelled. A message that may have been delivered by then ends
    /// as [`ErrorKind::Uncertain`](wx_proto::ErrorKind::Uncertain), everything else as
    /// [`ErrorKind::Cancelled`](wx_proto::ErrorKind::Cancelled).
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = token.clone();
        self
    }

    /// Whether states are stored.
    #[must_use]
    pub(crate) fn has_checkpoint(&self) -> bool {
        self.checkpoint.is_some()
    }

    /// Stores the states of the flow that is driven next.
    pub(crate) fn set_checkpoint(&mut self, store: CheckpointStore) {
        self.checkpoint = Some(store);
    }

    /// Returns the token that stops the job.
    #[must_use]
    pub(crate) fn token(&self) -> &CancelToken {
        &self.cancel
    }

    /// Returns the observer of the flow, the store for its states, and the token that stops it.
    pub(crate) fn split(
        &mut self,
    ) -> (OptionsObserver<'_>, Option<&CheckpointStore>, &CancelToken) {
        fn shorter<'o, T>(callback: &'o mut Callback<'_, T>) -> CallbackMut<'o, T> {
            &mut **callback
        }
        let observer = OptionsObserver {
            progress: self.progress.as_mut().map(shorter),
            trace: self.trace.as_mut().map(shorter).map(Trace::new),
            request: self.request.as_mut().map(shorter),
        };
        (observer, self.checkpoint.as_ref(), &self.cancel)
    }
}

impl fmt::Debug for RunOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunOptions").finish_non_exhaustive()
    }
}

/// Observes a flow for the callbacks of [`RunOptions`].
pub(crate) struct OptionsObserver<'o> {
    progress: Option<CallbackMut<'o, Progress>>,
    trace: Option<Trace<CallbackMut<'o, ExchangeSummary>>>,
    request: Option<CallbackMut<'o, ApiRequest>>,
}

impl<F: Flow> Observer<F> for OptionsObserver<'_> {
    fn on_action(&mut self, flow: &F, action: &Action<F::Output>, now: Duration) {
        if let (Some(request), Action::Send(_, sent)) = (&mut self.request, action) {
            request(sent);
        }
        if let Some(trace) = &mut self.trace {
            trace.on_action(flow, action, now);
        }
        if let Some(progress) = &mut self.progress {
            progress(&flow.progress());
        }
    }

    fn on_input(&mut self, input: &Input, now: Duration) {
        if let Some(trace) = &mut self.trace {
            Observer::<F>::on_input(trace, input, now);
        }
    }
}

impl fmt::Debug for OptionsObserver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionsObserver").finish_non_exhaustive()
    }
}
