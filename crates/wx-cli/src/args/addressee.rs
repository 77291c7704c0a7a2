//! The recipient of a message on the command line.

use std::fmt;
use std::str::FromStr;

use wx_proto::Recipient;

/// What is written before a remark or nickname.
const PREFIX: &str = "name:";

/// A recipient as the user gave it.
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
        let suggest = |error| match text.trim() {
            "" => format!("{error}"),
            name => format!("{error}; for a contact of this name use {PREFIX}{name}"),
        };
        text.parse().map(Self::Recipient).map_err(suggest)
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
