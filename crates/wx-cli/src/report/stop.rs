//! Stops the work, and says what is waited for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use wx_client::CancelToken;

use super::unfinished::Unfinished;
use super::{Report, locked};

/// Ends the command successfully, without waiting for the work.
type Leave = Arc<dyn Fn() + Send + Sync>;

/// Whether the work has to stop, and how.
#[derive(Default)]
pub(super) struct Stop {
    token: CancelToken,
    /// Other tokens that are cancelled when the work is stopped.
    linked: Mutex<Vec<CancelToken>>,
    /// Whether the user does not wait for unfinished work.
    hurried: AtomicBool,
    unfinished: Mutex<Option<Unfinished>>,
    leave: OnceLock<Leave>,
}

impl Report {
    /// Stops the work.
    pub(crate) fn stop(&self) {
        self.stop.token.cancel();
        locked(&self.stop.linked).iter().for_each(CancelToken::cancel);
    }

    /// Cancels `token` when the work is stopped. A token can only be linked once, because it stays
    /// linked until the command ends.
    pub(crate) fn link(&self, token: &CancelToken) {
        locked(&self.stop.linked).push(token.clone());
        if self.stopped() {
            token.cancel();
        }
    }

    /// Stops the unfinished work as well.
    pub(crate) fn hurry(&self) {
        self.stop.hurried.store(true, Ordering::Relaxed);
    }

    /// Returns whether the unfinished work has to stop, too.
    pub(crate) fn hurried(&self) -> bool {
        self.stop.hurried.load(Ordering::Relaxed)
    }

    /// Sets what [`Report::leave`] returns.
    pub(crate) fn on_leave(&self, leave: impl Fn() + Send + Sync + 'static) {
        let _ = self.stop.leave.set(Arc::new(leave));
    }

    /// Returns what ends the command while the work is blocked in a call that cannot be cancelled.
    pub(crate) fn leave(&self) -> Leave {
        self.stop.leave.get().cloned().unwrap_or_else(|| Arc::new(|| ()))
    }

    /// Sets the work that must be finished even after a signal, if there is any.
    pub(crate) fn set_unfinished(&self, work: Option<Unfinished>) {
        *locked(&self.stop.unfinished) = work;
    }

    /// Returns the work that must be finished even after a signal.
    pub(crate) fn unfinished(&self) -> Option<Unfinished> {
        *locked(&self.stop.unfinished)
    }

    /// Returns whether the work has to stop.
    pub(crate) fn stopped(&self) -> bool {
        self.stop.token.is_cancelled()
    }

    /// Returns the token that stops the work.
    pub(crate) fn token(&self) -> &CancelToken {
        &self.stop.token
    }
}
