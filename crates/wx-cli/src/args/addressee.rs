//! The recipient of a message on the command line.

use std::fmt;
use std::str::FromStr;

use wx_proto::Recipient;

/// A recipient as the user gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Addressee {
    Recipient(Recipient),
    /// A remark or nickname that is looked up in the contacts.
    Name(String),
}

impl FromStr for Addressee {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("name:") {
            return match name.trim() {
                "" => Err("name: must be followed by a remark or nickname".to_owned()),
                _ => Ok(Self::Name(name.to_owned())),
            };
        }
        let suggest = |error| match text.trim() {
            "" => format!("{error}"),
            name => format!("{error}; for a contact of this name use name:{name}"),
        };
        text.parse().map(Self::Recipient).map_err(suggest)
    }
}

impl fmt::Display for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recipient(recipient) => recipient.fmt(f),
            Self::Name(name) => write!(f, "name:{name}"),
        }
    }
}
