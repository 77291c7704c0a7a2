use std::fmt;
use std::io;

use wx_client::checkpoint::CheckpointStore;
use wx_proto::flow::{Progress, Snapshot};

/// Options of a job: progress reporting and checkpoints. To cancel a job, drop its future.
///
/// ```
/// use wx_reqwest::Watch;
///
/// let watch = Watch::new().progress(|now| println!("{} of {} bytes", now.done, now.total));
/// ```
#[derive(Default)]
#[must_use]
pub struct Watch<'a> {
    progress: Option<Callback<'a>>,
    checkpoint: Option<CheckpointStore>,
}

type Callback<'a> = Box<dyn FnMut(&Progress) + Send + 'a>;

impl<'a> Watch<'a> {
    /// Creates the default options, which report nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `callback` after each step of the job, before the next one is acted on: when
    /// [`Progress::in_doubt`] is set, the message is about to leave.
    pub fn progress(mut self, callback: impl FnMut(&Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(callback));
        self
    }

    /// Stores the states of a flow that is
    /// [checkpointed](wx_proto::flow::SendImage::checkpointed), each before anything that it
    /// records leaves. The store runs on a thread that may block.
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

    /// Stores a state of the job.
    pub(crate) fn save(&self, snapshot: Snapshot) -> impl Future<Output = io::Result<()>> + use<> {
        let store = self.checkpoint.clone();
        async move {
            let Some(store) = store else {
                let why = "the job is to be saved, and there is no checkpoint store";
                return Err(io::Error::new(io::ErrorKind::Unsupported, why));
            };
            tokio::task::spawn_blocking(store.begin(snapshot)).await?
        }
    }

    pub(crate) fn report(&mut self, progress: &Progress) {
        if let Some(callback) = &mut self.progress {
            callback(progress);
        }
    }
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
