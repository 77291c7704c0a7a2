//! The session that the clones and the jobs of a client share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wx_proto::Session;

/// A session that several jobs can use at the same time. Clones share it.
///
/// It is locked only while a flow is polled, which takes microseconds.
#[derive(Clone)]
pub struct SessionCell(Arc<Mutex<Session>>);

impl SessionCell {
    /// Creates a cell with `session`.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self(Arc::new(Mutex::new(session)))
    }

    /// Returns a copy of the current session.
    #[must_use]
    pub fn get(&self) -> Session {
        self.lock().clone()
    }

    /// Calls `work` with the session. The cell is locked until `work` returns, so `work` must not
    /// use the cell.
    pub fn lend<T>(&self, work: impl FnOnce(&mut Session) -> T) -> T {
        work(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Session> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SessionCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionCell").field(&self.get()).finish()
    }
}
