//! The login page, the one call that the caller may add to.

use http::{HeaderName, HeaderValue};

use crate::ReplyError;
use crate::endpoint::new_login_page::NewLoginPage;

/// What the caller adds to the login page's request; nothing is built in (§2.6).
#[derive(Clone, Default)]
pub(super) struct PageExtras {
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) pairs: Vec<(String, String)>,
}

impl PageExtras {
    pub(super) fn add_to(&self, call: NewLoginPage) -> NewLoginPage {
        let call = self.pairs.iter().fold(call, |call, (key, value)| call.pair(key, value));
        let add = |call: NewLoginPage, (name, value): &(HeaderName, HeaderValue)| {
            call.header(name.clone(), value.clone())
        };
        self.headers.iter().fold(call, add)
    }
}

/// Whether the login page did not take the ticket: it answers with a web page (§8.3), or it refuses a
/// ticket that an earlier try, whose answer was lost, may have used up.
pub(super) fn asks_for_another_code(error: &ReplyError, repeated: bool) -> bool {
    match error {
        ReplyError::Html => true,
        ReplyError::Refused { ret, .. } => repeated && !matches!(ret.0, -1 | 1203 | 1205),
        _ => false,
    }
}
