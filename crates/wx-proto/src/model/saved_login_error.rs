//! Why the saved login of another client could not be read.

use std::fmt;

use super::fields::SavedLoginField;
use super::hosts::HostError;
use super::other_client::OtherClient;

/// Why the saved login of another client could not be read. Errors name fields of the file, but
/// never show their values ([P101](crate::protocol#p101)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SavedLoginError {
    /// The file has none of the known shapes.
    Unrecognised,
    /// The file begins like JSON, but is not a complete JSON object.
    NotJson,
    /// The file is longer than [`SavedLogin::MAX_LEN`](crate::SavedLogin::MAX_LEN).
    TooLarge,
    /// The file is a session file of this library.
    SessionFile,
    /// The file is a Python pickle, such as those of itchat and wxpy. Pickles are not read at all,
    /// because they can run code ([P99](crate::protocol#p99)).
    Pickle,
    /// The file is the placeholder that itchat writes before it saves a login.
    Placeholder,
    /// The file is an empty JSON object, such as the memory card of Wechaty after a logout.
    Empty,
    /// The client was not logged in when it wrote the file.
    NoLogin(OtherClient),
    /// The file has no cookies, without which the login is lost. openwechat writes such a file if
    /// it saves a login that it has just loaded.
    NoCookies(OtherClient),
    /// A memory card has several logins.
    SeveralLogins,
    /// A field is missing.
    Missing {
        /// The client that wrote the file.
        client: OtherClient,
        /// The field.
        field: SavedLoginField,
    },
    /// A field's value is not valid, or the field is repeated.
    Invalid {
        /// The client that wrote the file.
        client: OtherClient,
        /// The field.
        field: SavedLoginField,
    },
    /// The host of the login was rejected. Only a loopback address is shown.
    Host {
        /// The client that wrote the file.
        client: OtherClient,
        /// The field that has the host.
        field: SavedLoginField,
        /// Why the host was rejected.
        error: HostError,
    },
}

impl SavedLoginError {
    /// Returns whether a new login is the only remedy.
    #[must_use]
    pub const fn needs_new_login(&self) -> bool {
        matches!(
            self,
            Self::Pickle | Self::Placeholder | Self::Empty | Self::NoLogin(_) | Self::NoCookies(_)
        )
    }
}

impl fmt::Display for SavedLoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unrecognised => f.write_str(
                "this is not a saved login that can be read; those of openwechat (storage.json), \
                 wechat4u and wechat4filehelper (sync-data.json), Wechaty with wechat4u or a \
                 browser (*.memory-card.json) and wx-filehelper-api (state.json) can",
            ),
            Self::NotJson => f.write_str("the saved login is not a complete JSON object"),
            Self::TooLarge => f.write_str("the file is too large to be a saved login"),
            Self::SessionFile => f.write_str("this is already a session file"),
            Self::Pickle => f.write_str(
                "this is a Python pickle, as itchat and wxpy save it, which is not read because a \
                 pickle can run code",
            ),
            Self::Placeholder => {
                f.write_str("itchat has not saved a login in this file, only a placeholder")
            }
            Self::Empty => f.write_str(
                "this is an empty JSON object: no client was logged in when it was written",
            ),
            Self::NoLogin(client) => {
                write!(f, "{client} was not logged in when it wrote this file")
            }
            Self::NoCookies(client) => {
                write!(f, "{client} has saved no cookies, and without them the login is lost")
            }
            Self::SeveralLogins => f.write_str(
                "this memory card has several logins; keep only one of them in a copy of the file",
            ),
            Self::Missing { client, field } => {
                write!(f, "the saved login of {client} has no {:?}", field.name())
            }
            Self::Invalid { client, field } => {
                write!(f, "{:?} of the saved login of {client} is not valid", field.name())
            }
            Self::Host { client, field, .. } => {
                write!(f, "{:?} of the saved login of {client} is not accepted", field.name())
            }
        }
    }
}

impl std::error::Error for SavedLoginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Host { error, .. } => Some(error),
            _ => None,
        }
    }
}
