//! Several connection pools in one client of reqwest.
//!
//! hyper-util identifies a pool by the scheme and the authority of a URL. The authority may contain
//! a user name, which is not sent: only [`reqwest::RequestBuilder`] would make a header of it.
//! Therefore a new user name is a pool without connections. A second client would need another TLS
//! set-up, and would lack those settings of a custom builder that cannot be read back.

use std::sync::atomic::{AtomicU64, Ordering};

/// The pools of a client.
#[derive(Default)]
pub(crate) struct Pools {
    current: AtomicU64,
    newest: AtomicU64,
}

/// The number of a pool. Pool 0 is that of URLs without a user name.
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

    /// Makes `pool`, which has received a reply, the current one. Older pools, whose connections
    /// may be closed too, are not used again.
    pub(crate) fn keep(&self, pool: Pool) {
        self.current.fetch_max(pool.0, Ordering::Relaxed);
    }
}

impl Pool {
    /// Makes `request` use a connection of this pool.
    pub(crate) fn apply(self, request: &mut reqwest::Request) {
        if self.0 > 0 {
            // This only fails for URLs without a host, of which there are none.
            let _ = request.url_mut().set_username(&self.0.to_string());
        }
    }
}
