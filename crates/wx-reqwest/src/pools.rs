//! Separate connection pools in one reqwest client.
//!
//! hyper-util identifies a pool by the scheme and the authority of a URL. The authority may contain
//! a user name. It is not sent, because only [`reqwest::RequestBuilder`] converts it into a header.
//! Therefore a new user name selects a new pool. A second client instead would require another TLS
//! set-up, and would lack the settings of a custom builder, which cannot be read.

use std::sync::atomic::{AtomicU64, Ordering};

/// The pools of a client.
#[derive(Default)]
pub(crate) struct Pools {
    current: AtomicU64,
    newest: AtomicU64,
}

/// The number of a pool. URLs without a user name use pool 0.
#[derive(Clone, Copy)]
pub(crate) struct Pool(u64);

impl Pools {
    /// Returns the current pool, or a new one without connections.
    pub(crate) fn choose(&self, new: bool) -> Pool {
        Pool(if new {
            self.newest.fetch_add(1, Ordering::Relaxed) + 1
        } else {
            self.current.load(Ordering::Relaxed)
        })
    }

    /// Makes `pool` the current one, after it has received a reply. Older pools are not used again,
    /// because their connections may be closed too.
    pub(crate) fn keep(&self, pool: Pool) {
        self.current.fetch_max(pool.0, Ordering::Relaxed);
    }
}

impl Pool {
    /// Makes `request` use a connection of this pool.
    pub(crate) fn apply(self, request: &mut reqwest::Request) {
        if self.0 > 0 {
            // This only fails for URLs without a host. Requests have none of these.
            let _ = request.url_mut().set_username(&self.0.to_string());
        }
    }
}
