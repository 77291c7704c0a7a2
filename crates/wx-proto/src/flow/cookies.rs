//! Cookies that replies have set and that no session has applied yet.

use std::fmt;

use http::header::SET_COOKIE;
use http::response::Parts;
use http::{HeaderMap, Uri};

use crate::model::hosts::Origin;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;

/// The headers of replies that set cookies, each with the origin that its request went to: when a
/// session applies them, a login may have moved on to another site.
#[derive(Clone, Default)]
pub(super) struct PendingCookies {
    /// The headers of the current reply. They count if it passes its gate.
    fresh: Option<(HeaderMap, Origin)>,
    due: Vec<(HeaderMap, Origin)>,
}

impl PendingCookies {
    /// Begins a reply to a request for `uri`. `head` is `None` if its cookies do not count.
    pub(super) fn begin(&mut self, head: Option<&Parts>, uri: &Uri) {
        self.fresh = head
            .filter(|head| head.headers.contains_key(SET_COOKIE))
            .and_then(|head| Some((head.headers.clone(), Origin::from_uri(uri).ok()?)));
    }

    /// The current reply has passed its gate.
    pub(super) fn passed(&mut self) {
        self.due.extend(self.fresh.take());
    }

    /// The current reply cannot be used.
    pub(super) fn refused(&mut self) {
        self.fresh = None;
    }

    /// Applies the cookies that count, at `now`.
    pub(super) fn apply_to(&mut self, session: &mut Session, now: UnixMs) {
        for (headers, origin) in self.due.drain(..) {
            session.apply_cookies(&headers, &origin, now);
        }
    }
}

/// Shows nothing: cookies are secrets.
impl fmt::Debug for PendingCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCookies").finish_non_exhaustive()
    }
}
