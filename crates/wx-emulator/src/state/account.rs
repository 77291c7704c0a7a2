//! The account of the server, which stays the same in all of its logins.

use crate::model::random;

/// The name of the account.
pub(crate) const NICK_NAME: &str = "Emulated";

/// The account and the contacts that every account has.
///
/// UserNames change with each login. Those here are of the first login, and identify the contacts
/// within the server: see [`UserNames`](crate::model::user_names::UserNames).
pub(crate) struct Account {
    pub(crate) uin: u64,
    pub(crate) user_name: String,
    pub(crate) friend: String,
    pub(crate) second_friend: String,
}

impl Account {
    pub(crate) fn new() -> Self {
        let user = || format!("@{}", random::hex(64));
        Account {
            // Greater than 2^31, so that a client that parses it as an i32 fails.
            uin: (1 << 31) + random::bits() % (1 << 31),
            user_name: user(),
            friend: user(),
            second_friend: user(),
        }
    }

    /// Returns the UserNames of the contacts that every account has.
    pub(crate) fn contacts(&self) -> [&str; 3] {
        [&self.friend, &self.second_friend, "filehelper"]
    }
}
