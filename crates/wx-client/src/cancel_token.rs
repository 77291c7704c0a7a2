//! Stops jobs from another thread or task.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use event_listener::{Event, Listener as _};

/// Stops jobs from another thread or task. Clones stop the same jobs.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<TokenState>);

#[derive(Debug, Default)]
struct TokenState {
    is_cancelled: AtomicBool,
    cancelled: Event,
}

impl CancelToken {
    /// Creates a token that is not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops every job that was given this token. This cannot be undone.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::SeqCst);
        self.0.cancelled.notify(usize::MAX);
    }

    /// Returns whether the token has been cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::SeqCst)
    }

    /// Waits until the token is cancelled. Cancel safe.
    pub async fn cancelled(&self) {
        let listener = self.0.cancelled.listen();
        // The token may have been cancelled before the listener existed.
        if !self.is_cancelled() {
            listener.await;
        }
    }

    /// Blocks for `time`, or until the token is cancelled.
    pub fn sleep(&self, time: Duration) {
        let listener = self.0.cancelled.listen();
        if !self.is_cancelled() {
            let _ = listener.wait_timeout(time);
        }
    }
}
