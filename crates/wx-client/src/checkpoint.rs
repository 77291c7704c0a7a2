//! Stores the states of checkpointed jobs.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wx_proto::flow::Snapshot;

/// Stores each new state of a job, so that the job can be resumed after the program was killed.
/// Clones share the store.
///
/// ```
/// use wx_client::checkpoint::CheckpointStore;
///
/// // One file per job: two jobs with one file would overwrite each other.
/// let store = CheckpointStore::new(|snapshot| {
///     std::fs::write("job.json.new", snapshot.to_json())?;
///     std::fs::rename("job.json.new", "job.json")
/// });
/// ```
///
/// As in this example, write each state to a new file and then rename it, because the program can
/// be killed in the middle of a write.
#[derive(Clone)]
pub struct CheckpointStore(Arc<Inner>);

struct Inner {
    order: Mutex<Order>,
    save: Mutex<Save>,
}

type Save = Box<dyn FnMut(&Snapshot) -> io::Result<()> + Send>;

/// The order in which the states of each job have to be stored.
#[derive(Default)]
struct Order {
    begun: u64,
    /// The jobs with states that are not stored yet, by the entropy of their seeds.
    jobs: BTreeMap<[u8; 16], Pending>,
}

#[derive(Default)]
struct Pending {
    states: usize,
    /// The number of the newest state that was stored or is being stored.
    newest: u64,
}

/// A state to be stored.
struct PendingState {
    inner: Arc<Inner>,
    snapshot: Snapshot,
    number: u64,
}

impl CheckpointStore {
    /// Creates a store that calls `save` with each state. `save` may block. It must not return
    /// before the state is durable.
    pub fn new(save: impl FnMut(&Snapshot) -> io::Result<()> + Send + 'static) -> Self {
        let save = Mutex::new(Box::new(save) as Save);
        Self(Arc::new(Inner { order: Mutex::default(), save }))
    }

    /// Returns the store of a job that has a state to store.
    ///
    /// # Errors
    /// If there is no store.
    pub fn required(store: Option<&Self>) -> io::Result<&Self> {
        let why = "the job has a state to store, but there is no checkpoint store";
        store.ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, why))
    }

    /// Stores a state.
    ///
    /// # Errors
    /// The error of the store. In that case, the state may not be stored.
    pub fn save(&self, snapshot: Snapshot) -> io::Result<()> {
        self.begin(snapshot)()
    }

    /// Returns a function that stores a state, to be called on a thread that may block. The states
    /// of a job are stored in the order of the calls of `begin`. If the returned functions run in
    /// another order, a state that is older than the stored one is skipped.
    pub fn begin(&self, snapshot: Snapshot) -> impl FnOnce() -> io::Result<()> + Send + 'static {
        let mut order = self.0.order();
        order.begun += 1;
        order.jobs.entry(snapshot.seed().entropy).or_default().states += 1;
        let begun = PendingState { inner: Arc::clone(&self.0), number: order.begun, snapshot };
        move || begun.store()
    }
}

impl Inner {
    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PendingState {
    fn store(self) -> io::Result<()> {
        let mut save = self.inner.save.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut order = self.inner.order();
            let job = order.jobs.entry(self.snapshot.seed().entropy).or_default();
            if self.number < job.newest {
                return Ok(());
            }
            job.newest = self.number;
        }
        save(&self.snapshot)
    }
}

impl Drop for PendingState {
    fn drop(&mut self) {
        let (job, mut order) = (self.snapshot.seed().entropy, self.inner.order());
        if let Some(pending) = order.jobs.get_mut(&job) {
            pending.states -= 1;
            if pending.states == 0 {
                order.jobs.remove(&job);
            }
        }
    }
}

impl fmt::Debug for CheckpointStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckpointStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wx_proto::{Seed, Session, UnixMs};

    #[test]
    fn a_state_gives_way_to_a_newer_one_of_its_job_and_to_no_other() {
        let session = Session::builder("https://wx.qq.com").uin(1).user_name("@a").build().unwrap();
        let state = |job: u8, state: &str| {
            let seed = Seed { unix_ms: UnixMs::new(1), entropy: [job; 16] };
            Snapshot::custom(&session, seed, "job", state)
        };
        let stored = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&stored);
        let store = CheckpointStore::new(move |snapshot| {
            to.lock().unwrap().push(snapshot.clone());
            Ok(())
        });
        let (one, two) = (store.begin(state(1, "one")), store.clone().begin(state(2, "two")));
        let late = store.begin(state(3, "late"));
        store.save(state(3, "new")).unwrap();
        two().unwrap();
        one().unwrap();
        late().unwrap();
        let expected = [state(3, "new"), state(2, "two"), state(1, "one")];
        assert_eq!(*stored.lock().unwrap(), expected);
        drop(store.begin(state(4, "nobody waits")));
        assert!(store.0.order().jobs.is_empty(), "nothing is kept of what is over");
    }
}
