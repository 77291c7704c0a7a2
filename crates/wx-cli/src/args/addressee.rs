//! The recipient of a message on the command line.

use std::fmt;
use std::str::FromStr;

use wx_proto::{NameError, Recipient};

/// What is written before a remark or nickname.
const PREFIX: &str = "name:";

/// What is no name.
const FORMS: &str = "not a UserName: that of a person is @1f28… in hex digits, that of a room \
    @@7c3a… or …@chatroom, and that of the File Transfer Helper filehelper";

/// A recipient, a sender or a room as the user gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Addressee {
    Recipient(Recipient),
    /// A remark or nickname that is looked up in the contacts.
    Name(String),
}

impl Addressee {
    /// Returns the name of the recipient, if it is known from what the user gave.
    pub(crate) fn name_in(given: &str) -> Option<&str> {
        let is_file_helper = given == Recipient::file_helper().as_str();
        given.strip_prefix(PREFIX).or(is_file_helper.then_some(given))
    }

    /// Returns what the user may have given for the recipient `to` with this
    /// [name](Self::name_in).
    pub(crate) fn given(to: &str, name: Option<String>) -> String {
        match name {
            Some(name) if name != to => format!("{PREFIX}{name}"),
            _ => to.to_owned(),
        }
    }

    /// Returns the problem with the value of an option that takes a room, if it is certainly none.
    pub(super) fn no_room(&self, option: &str) -> Option<String> {
        match self {
            Self::Recipient(to) if !to.user_name().is_room() => {
                Some(format!("{option} takes a room, but {to} is none"))
            }
            Self::Recipient(_) | Self::Name(_) => None,
        }
    }
}

impl FromStr for Addressee {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix(PREFIX) {
            return match name.trim() {
                "" => Err("name: must be followed by a remark or nickname".to_owned()),
                _ => Ok(Self::Name(name.to_owned())),
            };
        }
        text.parse().map(Self::Recipient).map_err(|_: NameError| {
            let suggested = match text.trim() {
                "" => String::new(),
                name => format!("; for the contact or room of this name give {PREFIX}{name}"),
            };
            format!("{FORMS}{suggested}")
        })
    }
}

impl fmt::Display for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recipient(recipient) => recipient.fmt(f),
            Self::Name(name) => write!(f, "{PREFIX}{name}"),
        }
    }
}
