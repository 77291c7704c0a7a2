use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use wx_client::checkpoint::CheckpointStore;
use wx_proto::flow::{Progress, Snapshot};

/// Options of a job: progress reporting, cancellation and checkpoints.
///
/// ```
/// use wx_ureq::{CancelToken, Watch};
///
/// let stop = CancelToken::new();
/// let watch = Watch::new()
///     .progress(|now| println!("{} of {} bytes", now.done, now.total))
///     .cancel(&stop);
/// ```
#[derive(Default)]
#[must_use]
pub struct Watch<'a> {
    progress: Option<Callback<'a>>,
    checkpoint: Option<CheckpointStore>,
    token: Option<CancelToken>,
    cancel_if: Option<Box<dyn FnMut() -> bool + Send + 'a>>,
}

/// Cancels a job from another thread. Clones cancel the same jobs.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Creates a token that is not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels every job with this token. A cancelled token stays so.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the token is cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

type Callback<'a> = Box<dyn FnMut(&Progress) + Send + 'a>;

/// The job sleeps in slices of this length, so that it ends soon after it is cancelled.
const SLICE: Duration = Duration::from_millis(50);

impl<'a> Watch<'a> {
    /// Creates the default options, which report nothing and never cancel.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `callback` after each step of the job, before the next one is acted on: when
    /// [`Progress::in_doubt`] is set, the message is about to leave.
    pub fn progress(mut self, callback: impl FnMut(&Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(callback));
        self
    }

    /// Cancels the job once `token` is cancelled: between two actions, between two pieces of a
    /// reply, after each chunk or 128 KiB of it, and during a sleep. A read or write in progress
    /// ends first, which takes no longer than the stall of the policy.
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.token = Some(token.clone());
        self
    }

    /// Like [`cancel`](Self::cancel), once `stop` returns true.
    pub fn cancel_if(mut self, stop: impl FnMut() -> bool + Send + 'a) -> Self {
        self.cancel_if = Some(Box::new(stop));
        self
    }

    /// Stores the states of a flow that is
    /// [checkpointed](wx_proto::flow::SendImage::checkpointed), each before anything that it
    /// records leaves.
    pub fn checkpoint(mut self, store: CheckpointStore) -> Self {
        self.set_checkpoint(store);
        self
    }

    pub(crate) fn has_checkpoint(&self) -> bool {
        self.checkpoint.is_some()
    }

    pub(crate) fn set_checkpoint(&mut self, store: CheckpointStore) {
        self.checkpoint = Some(store);
    }

    pub(crate) fn save(&self, snapshot: Snapshot) -> io::Result<()> {
        let Some(store) = &self.checkpoint else {
            let why = "the job is to be saved, and there is no checkpoint store";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        };
        store.save(snapshot)
    }

    pub(crate) fn report(&mut self, progress: &Progress) {
        if let Some(callback) = &mut self.progress {
            callback(progress);
        }
    }

    pub(crate) fn cancelled(&mut self) -> bool {
        self.token.as_ref().is_some_and(CancelToken::is_cancelled)
            || self.cancel_if.as_mut().is_some_and(|stop| stop())
    }

    pub(crate) fn sleep(&mut self, time: Duration) {
        let began = Instant::now();
        while !self.cancelled() {
            let left = time.saturating_sub(began.elapsed());
            if left.is_zero() {
                return;
            }
            thread::sleep(left.min(SLICE));
        }
    }
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
