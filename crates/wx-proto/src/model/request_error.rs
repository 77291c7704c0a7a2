//! Why a request was not made.

use std::fmt;

/// Why a request was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// sid or skey is empty: nobody is logged in.
    NotLoggedIn,
    /// The name of the account is unknown until webwxinit has replied:
    /// [`Restore`](crate::flow::Restore) the session first.
    InitDue,
    /// The cookie `webwx_data_ticket` is missing or expired, without which nothing can be uploaded
    /// (P8).
    NoDataTicket,
    /// Something could not be written as a request: what, in words.
    Unsendable(&'static str),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoggedIn => f.write_str("the session has no sid or skey"),
            Self::InitDue => f.write_str("webwxinit is still due: restore the session first"),
            Self::NoDataTicket => f.write_str(
                "the session has no cookie webwx_data_ticket that is valid by this computer's clock",
            ),
            Self::Unsendable(what) => write!(f, "{what} holds characters that cannot be sent"),
        }
    }
}

impl std::error::Error for RequestError {}
