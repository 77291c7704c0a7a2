use std::sync::{Arc, Mutex, PoisonError};

use wx_proto::Session;

/// The session of a client and of its clones. It moves on while calls go on with the one that they
/// began with.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Arc<Session>>>);

impl Shared {
    pub(crate) fn new(session: Session) -> Self {
        Self(Arc::new(Mutex::new(Arc::new(session))))
    }

    pub(crate) fn get(&self) -> Arc<Session> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts `after`, which grew out of `before`, into its place; unless another call was faster,
    /// whose gains that would undo.
    pub(crate) fn replace(&self, before: &Arc<Session>, after: Session) -> bool {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let untouched = Arc::ptr_eq(&current, before);
        if untouched {
            *current = Arc::new(after);
        }
        untouched
    }

    /// Removes what belongs to a login that is over, whatever was taken in meanwhile.
    pub(crate) fn end(&self) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut current).end();
    }
}
