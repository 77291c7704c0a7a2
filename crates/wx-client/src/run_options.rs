//! Options for the run of a flow.

use std::fmt;
use std::time::Duration;

use wx_proto::flow::{Action, ExchangeSummary, Flow, Input, Observer, Progress, Trace};
use wx_proto::{ApiRequest, Session};

use crate::cancel_token::CancelToken;
use crate::checkpoint::CheckpointStore;
use crate::session_cell::SessionCell;

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
    synced: Option<Callback<'a, Session>>,
    checkpoint: Option<CheckpointStore>,
    cancel: CancelToken,
}

type Callback<'a, T> = Box<dyn FnMut(&T) + Send + 'a>;
type CallbackMut<'a, T> = &'a mut (dyn FnMut(&T) + Send);

impl<'a> RunOptions<'a> {
    /// Creates options with no callbacks, checkpoint store or token.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `callback` after each step of the job, before the next one begins. When
    /// [`Progress::in_doubt`] becomes true, the message is about to be sent.
    pub fn progress(mut self, callback: impl FnMut(&Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(callback));
        self
    }

    /// Calls `callback` with a summary of each exchange with the server. The summary has everything
    /// that a bug report needs, but no values that were sent or received.
    pub fn trace(mut self, callback: impl FnMut(&ExchangeSummary) + Send + 'a) -> Self {
        self.trace = Some(Box::new(callback));
        self
    }

    /// Calls `callback` with each request before it is sent. A request contains the secrets of the
    /// login.
    pub fn on_request(mut self, callback: impl FnMut(&ApiRequest) + Send + 'a) -> Self {
        self.request = Some(Box::new(callback));
        self
    }

    /// Calls `callback` with the session after each webwxsync without new messages, which does not
    /// end the flow, and after a webwxinit that has set the first sync position. Save the session
    /// there: each webwxsync renews the cookies of the login ([§11.12](wx_proto::protocol#s11-12)).
    /// The flow waits while `callback` runs. The saved session is positioned before the oldest
    /// batch of messages that is not [acknowledged](Session::acknowledge).
    pub fn on_sync(mut self, callback: impl FnMut(&Session) + Send + 'a) -> Self {
        self.synced = Some(Box::new(callback));
        self
    }

    /// Stores the states of a flow that is
    /// [checkpointed](wx_proto::flow::SendMessage::checkpointed). Each state is stored before
    /// anything that it records is sent.
    pub fn checkpoint(mut self, store: CheckpointStore) -> Self {
        self.set_checkpoint(store);
        self
    }

    /// Stops the job once `token` is cancelled. The job then ends as
    /// [`ErrorKind::Uncertain`](wx_proto::ErrorKind::Uncertain) if its message may have been
    /// delivered, and otherwise as [`ErrorKind::Cancelled`](wx_proto::ErrorKind::Cancelled).
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = token.clone();
        self
    }

    /// Returns whether states are stored.
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

    /// Returns the options in the form that the driver uses.
    pub(crate) fn split(&mut self) -> SplitOptions<'_> {
        fn reborrow<'o, T>(callback: &'o mut Callback<'_, T>) -> CallbackMut<'o, T> {
            &mut **callback
        }
        let observer = OptionsObserver {
            progress: self.progress.as_mut().map(reborrow),
            trace: self.trace.as_mut().map(reborrow).map(Trace::new),
            request: self.request.as_mut().map(reborrow),
        };
        SplitOptions {
            observer,
            synced: SyncCallback(self.synced.as_mut().map(reborrow)),
            store: self.checkpoint.as_ref(),
            token: &self.cancel,
        }
    }
}

/// Implements the setters that all operations share, for a type whose `with` changes its
/// [`RunOptions`].
macro_rules! option_setters {
    ($lifetime:lifetime) => {
        /// Calls `callback` after each step, before the next one begins. When
        /// [`Progress::in_doubt`](wx_proto::flow::Progress::in_doubt) becomes true, a message is
        /// about to be sent.
        pub fn progress(
            self,
            callback: impl FnMut(&wx_proto::flow::Progress) + Send + $lifetime,
        ) -> Self {
            self.with(|options| options.progress(callback))
        }

        /// Calls `callback` with a summary of each exchange with the server. The summary has
        /// everything that a bug report needs, but no values that were sent or received.
        pub fn trace(
            self,
            callback: impl FnMut(&wx_proto::flow::ExchangeSummary) + Send + $lifetime,
        ) -> Self {
            self.with(|options| options.trace(callback))
        }

        /// Calls `callback` with each request before it is sent. A request contains the secrets of
        /// the login.
        pub fn on_request(
            self,
            callback: impl FnMut(&wx_proto::ApiRequest) + Send + $lifetime,
        ) -> Self {
            self.with(|options| options.on_request(callback))
        }

        /// Replaces all options, including those without a method here, such as the store of a
        /// [checkpoint](crate::RunOptions::checkpoint).
        pub fn options(self, options: crate::RunOptions<$lifetime>) -> Self {
            self.with(|_| options)
        }
    };
}

pub(crate) use option_setters;

/// The parts of [`RunOptions`], borrowed for the run of a flow.
#[derive(Debug)]
pub(crate) struct SplitOptions<'o> {
    pub(crate) observer: OptionsObserver<'o>,
    pub(crate) synced: SyncCallback<'o>,
    pub(crate) store: Option<&'o CheckpointStore>,
    /// Stops the job.
    pub(crate) token: &'o CancelToken,
}

impl fmt::Debug for RunOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunOptions").finish_non_exhaustive()
    }
}

/// The callback of [`RunOptions::on_sync`].
pub(crate) struct SyncCallback<'o>(Option<CallbackMut<'o, Session>>);

impl SyncCallback<'_> {
    /// Polls `flow`, and calls the callback if that has applied a reply to webwxsync and the flow
    /// continues.
    pub(crate) fn poll<F: Flow>(
        &mut self,
        flow: &mut F,
        cell: &SessionCell,
        now: Duration,
    ) -> Action<F::Output> {
        let Some(callback) = &mut self.0 else {
            return cell.lend(|session| flow.poll(session, now));
        };
        let (action, synced) = cell.lend(|session| {
            let before = session.clone();
            let action = flow.poll(session, now);
            (action, session.has_synced_since(&before).then(|| session.clone()))
        });
        if let Some(session) = synced.filter(|_| !matches!(action, Action::Done(_))) {
            callback(&session);
        }
        action
    }
}

impl fmt::Debug for SyncCallback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncCallback").finish_non_exhaustive()
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
