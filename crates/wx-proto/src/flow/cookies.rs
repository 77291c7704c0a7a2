//! Cookies that replies have set and no session has taken yet.

use std::fmt;

use http::header::SET_COOKIE;
use http::response::Parts;
use http::{HeaderMap, Uri};

use crate::model::hosts::Origin;
use crate::session::Session;

/// The heads of replies that set cookies, each with the origin that its request went to: by the
/// time a session takes them, a login may have moved on to another site.
#[derive(Clone, Default)]
pub(super) struct PendingCookies {
    /// Those of the reply that is coming in. They count if it passes its gate.
    fresh: Option<(HeaderMap, Origin)>,
    due: Vec<(HeaderMap, Origin)>,
}

impl PendingCookies {
    /// A reply begins, to a request for `uri`; `head` is given if its cookies may count.
    pub(super) fn begin(&mut self, head: Option<&Parts>, uri: &Uri) {
        self.fresh = head
            .filter(|head| head.headers.contains_key(SET_COOKIE))
            .and_then(|head| Some((head.headers.clone(), Origin::from_uri(uri).ok()?)));
    }

    /// The reply has passed its gate.
    pub(super) fn passed(&mut self) {
        self.due.extend(self.fresh.take());
    }

    /// The reply is of no use.
    pub(super) fn refused(&mut self) {
        self.fresh = None;
    }

    /// Applies those that count, at `unix_s`.
    pub(super) fn apply_to(&mut self, session: &mut Session, unix_s: u64) {
        for (headers, origin) in self.due.drain(..) {
            session.apply_cookies(&headers, &origin, unix_s);
        }
    }
}

/// Shows nothing: cookies are secrets.
impl fmt::Debug for PendingCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCookies").finish_non_exhaustive()
    }
}
