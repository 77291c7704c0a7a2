//! Cookies of replies that were not applied to a session yet.

use std::fmt;

use http::header::SET_COOKIE;
use http::response::Parts;
use http::{HeaderMap, Uri};

use crate::model::hosts::Origin;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;

/// The headers of replies that set cookies. Each has the origin that its request was sent to,
/// because the site of a login may have changed when the cookies are applied.
#[derive(Clone, Default)]
pub(super) struct PendingCookies {
    /// The headers of the current reply. They are applied if the reply passes its checks.
    fresh: Option<(HeaderMap, Origin)>,
    due: Vec<(HeaderMap, Origin)>,
}

impl PendingCookies {
    /// Begins a reply to a request for `uri`. `head` is `None` if its cookies are not to be
    /// applied.
    pub(super) fn begin(&mut self, head: Option<&Parts>, uri: &Uri) {
        self.fresh = head
            .filter(|head| head.headers.contains_key(SET_COOKIE))
            .and_then(|head| Some((head.headers.clone(), Origin::from_uri(uri).ok()?)));
    }

    /// Accepts the cookies of the current reply, which has passed its checks.
    pub(super) fn accept(&mut self) {
        self.due.extend(self.fresh.take());
    }

    /// Drops the cookies of the current reply, which cannot be used.
    pub(super) fn refused(&mut self) {
        self.fresh = None;
    }

    /// Applies the accepted cookies, at `now`.
    pub(super) fn apply_to(&mut self, session: &mut Session, now: UnixMs) {
        for (headers, origin) in self.due.drain(..) {
            session.apply_cookies(&headers, &origin, now);
        }
    }
}

/// Does not show the cookies, because they are secrets.
impl fmt::Debug for PendingCookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCookies").finish_non_exhaustive()
    }
}
