//! Where the states of a checkpointed job are stored.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use wx_proto::flow::Snapshot;

/// Stores each new state of a job, so that a program which is killed at any moment can go on with
/// it. Clones store to the same place.
///
/// ```
/// use wx_client::checkpoint::CheckpointStore;
///
/// let store = CheckpointStore::new(|snapshot| {
///     std::fs::write("job.json.new", snapshot.to_json())?;
///     std::fs::rename("job.json.new", "job.json")
/// });
/// ```
///
/// Write a file whole, beside the old one, and rename it: a program can be killed while it writes.
#[derive(Clone)]
pub struct CheckpointStore(Arc<Shared>);

struct Shared {
    /// States that were handed out to be stored.
    begun: AtomicU64,
    store: Mutex<Store>,
}

struct Store {
    /// The newest state that was stored, by its number.
    newest: u64,
    save: Save,
}

type Save = Box<dyn FnMut(&Snapshot) -> io::Result<()> + Send>;

impl CheckpointStore {
    /// Stores each state by `save`, which may block and returns once the state is safe.
    pub fn new(save: impl FnMut(&Snapshot) -> io::Result<()> + Send + 'static) -> Self {
        let store = Mutex::new(Store { newest: 0, save: Box::new(save) });
        Self(Arc::new(Shared { begun: AtomicU64::new(0), store }))
    }

    /// Stores a state.
    ///
    /// # Errors
    /// The error of the store; the state is then not safe.
    pub fn save(&self, snapshot: Snapshot) -> io::Result<()> {
        self.begin(snapshot)()
    }

    /// Returns what stores a state, for a thread that may block. States are stored in the order in
    /// which this was called: one that a newer one has overtaken, because nobody waited for it any
    /// more, is dropped.
    pub fn begin(&self, snapshot: Snapshot) -> impl FnOnce() -> io::Result<()> + Send + 'static {
        let shared = Arc::clone(&self.0);
        let number = shared.begun.fetch_add(1, Ordering::Relaxed) + 1;
        move || {
            let mut store = shared.store.lock().unwrap_or_else(PoisonError::into_inner);
            if number < store.newest {
                return Ok(());
            }
            store.newest = number;
            (store.save)(&snapshot)
        }
    }
}

impl fmt::Debug for CheckpointStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointStore").finish_non_exhaustive()
    }
}
