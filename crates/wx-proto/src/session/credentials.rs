//! The credentials of a login.

use std::fmt;

use crate::model::secret::Secret;
use crate::wire::query::PassTicket;

/// The credentials of a login ([§2.1](crate::protocol#s2-1)). `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(crate) uin: u32,
    pub(crate) sid: Secret,
    pub(crate) skey: Secret,
    pub(crate) pass_ticket: Option<PassTicket>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}
