//! Why a request could not be made.

use std::fmt;

use http::HeaderName;

use super::advice::Advice;

/// Why a request could not be made. Values are never shown, because they may be secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The session has no sid or skey: nobody is logged in.
    NotLoggedIn,
    /// The name of the account is unknown until `webwxinit` has replied:
    /// [`Restore`](crate::flow::Restore) the session first.
    InitDue,
    /// The cookie `webwx_data_ticket` is missing or expired, without which nothing can be uploaded
    /// ([P8](crate::protocol#p8)).
    NoDataTicket,
    /// The session has no sync position yet: [`Restore`](crate::flow::Restore) it first.
    NoSyncKey,
    /// The address holds characters that a URL cannot hold.
    InvalidUri,
    /// This header's value holds characters that a header cannot hold.
    InvalidHeader(HeaderName),
    /// The body cannot be written as JSON.
    InvalidJson,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoggedIn => f.write_str("the session has no sid or skey"),
            Self::InitDue => f.write_str("webwxinit is still due: restore the session first"),
            Self::NoDataTicket => f.write_str(
                "the session has no cookie webwx_data_ticket that is valid by the clock of this \
                 computer",
            ),
            Self::NoSyncKey => {
                f.write_str("the session has no sync position: restore the session first")
            }
            Self::InvalidUri => {
                f.write_str("the address of the request holds characters that a URL cannot hold")
            }
            Self::InvalidHeader(name) => {
                write!(f, "the header {name} of the request holds characters that cannot be sent")
            }
            Self::InvalidJson => f.write_str("the body of the request cannot be written as JSON"),
        }
    }
}

impl std::error::Error for RequestError {}

impl RequestError {
    /// Returns what to do about this error.
    pub(crate) fn advice(&self) -> Advice {
        match self {
            Self::NotLoggedIn | Self::NoDataTicket => Advice::LoginAgain,
            Self::InitDue
            | Self::NoSyncKey
            | Self::InvalidUri
            | Self::InvalidHeader(_)
            | Self::InvalidJson => Advice::Report,
        }
    }
}
