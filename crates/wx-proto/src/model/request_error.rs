//! Why a request could not be made.

use std::fmt;

use http::HeaderName;

use super::advice::Advice;
use super::unix_ms::UnixMs;

/// Why a request could not be made. Values are not shown, because they may be secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The session has no sid or skey: nobody is logged in.
    NotLoggedIn,
    /// The login is over by the clock of this computer, because its cookies have expired
    /// ([§11.12](crate::protocol#s11-12)). [`Session::ends_at`] returns the end in advance.
    ///
    /// [`Session::ends_at`]: crate::Session::ends_at
    LoginOver {
        /// The end of the login.
        since: UnixMs,
    },
    /// The name of the account is unknown until `webwxinit` has replied:
    /// [`Restore`](crate::flow::Restore) the session first.
    InitDue,
    /// The cookie `webwx_data_ticket`, which uploads require, is missing, or it has expired on the
    /// hosts of uploads ([P8](crate::protocol#p8)).
    NoDataTicket,
    /// The session has no sync position yet: [`Restore`](crate::flow::Restore) it first.
    NoSyncKey,
    /// The address contains characters that a URL cannot contain.
    InvalidUri,
    /// The value of this header contains characters that a header cannot contain.
    InvalidHeader(HeaderName),
    /// The body cannot be written as JSON.
    InvalidJson,
    /// The text is empty ([P63](crate::protocol#p63)).
    EmptyText,
    /// The message is older than two minutes ([P89](crate::protocol#p89)).
    TooOldToRevoke,
    /// Messages to the File Transfer Helper cannot be revoked ([P89](crate::protocol#p89)).
    NotRevocable,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoggedIn => f.write_str("the session has no sid or skey"),
            Self::LoginOver { since } => write!(
                f,
                "by the clock of this computer, the login has been over since {}",
                since.to_utc()
            ),
            Self::InitDue => f.write_str("webwxinit is still due: restore the session first"),
            Self::NoDataTicket => f.write_str(
                "the session has no cookie webwx_data_ticket that is valid by the clock of this \
                 computer",
            ),
            Self::NoSyncKey => {
                f.write_str("the session has no sync position: restore the session first")
            }
            Self::InvalidUri => {
                f.write_str("the request's address has characters that URLs cannot contain")
            }
            Self::InvalidHeader(name) => {
                write!(f, "the header {name} of the request has characters that cannot be sent")
            }
            Self::InvalidJson => f.write_str("the body of the request cannot be written as JSON"),
            Self::EmptyText => f.write_str("the text is empty"),
            Self::TooOldToRevoke => {
                f.write_str("the message is older than two minutes and cannot be revoked any more")
            }
            Self::NotRevocable => {
                f.write_str("messages to the File Transfer Helper cannot be revoked")
            }
        }
    }
}

impl std::error::Error for RequestError {}

impl RequestError {
    /// Returns what to do about this error.
    pub(crate) fn advice(&self) -> Advice {
        match self {
            Self::NotLoggedIn | Self::LoginOver { .. } | Self::NoDataTicket => Advice::LoginAgain,
            Self::EmptyText => Advice::WriteText,
            Self::TooOldToRevoke | Self::NotRevocable => Advice::DeleteOnPhone,
            Self::InitDue
            | Self::NoSyncKey
            | Self::InvalidUri
            | Self::InvalidHeader(_)
            | Self::InvalidJson => Advice::Report,
        }
    }
}
