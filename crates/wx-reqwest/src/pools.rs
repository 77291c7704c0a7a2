//! More than one pool of connections in one client of reqwest.
//!
//! A pool is identified by the scheme and the authority of a URL, and the authority may name a
//! user, who is never sent: only [`reqwest::RequestBuilder`] would make a header of it. So another
//! user is another pool, and a user nobody had before is a pool without connections. A second
//! client would cost another TLS set-up and lack those settings of a caller's builder that cannot
//! be read back.

use std::sync::atomic::{AtomicU64, Ordering};

/// The pools of a client.
#[derive(Default)]
pub(crate) struct Pools {
    current: AtomicU64,
    newest: AtomicU64,
}

/// The number of a pool. The first one, 0, is that of URLs without a user.
#[derive(Clone, Copy)]
pub(crate) struct Pool(u64);

impl Pools {
    /// The pool that is in use, or one that holds no connection and that nobody else uses.
    pub(crate) fn choose(&self, new: bool) -> Pool {
        Pool(if new {
            self.newest.fetch_add(1, Ordering::Relaxed) + 1
        } else {
            self.current.load(Ordering::Relaxed)
        })
    }

    /// From now on `pool`, of which a reply came, is the one in use. The connections of older
    /// pools, which may be closed as well, are not used again.
    pub(crate) fn keep(&self, pool: Pool) {
        self.current.fetch_max(pool.0, Ordering::Relaxed);
    }
}

impl Pool {
    /// Has `request` go over a connection of this pool.
    pub(crate) fn apply(self, request: &mut reqwest::Request) {
        if self.0 > 0 {
            // This fails for URLs without a host only, of which there are none.
            let _ = request.url_mut().set_username(&self.0.to_string());
        }
    }
}
