use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::ids::{NameError, UserName};

/// A contact that messages can be sent to: a person or official account (`@` + hex), a room (`@@` +
/// hex, or an old `…@chatroom`), or `filehelper`. All but the last are valid in one login only.
///
/// A [`UserName`] can be any name that the server sent, including names that accept no messages. To
/// reply to a message, convert its sender:
///
/// ```
/// use wx_proto::{Recipient, UserName};
///
/// let from = UserName::new("@1f2879f180e21b8a")?;
/// assert_eq!(Recipient::try_from(&from)?.as_str(), "@1f2879f180e21b8a");
/// assert!("Anna".parse::<Recipient>().is_err(), "a nickname is no UserName");
/// # Ok::<_, wx_proto::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Recipient(UserName);

impl Recipient {
    /// Creates a recipient from the UserName of a contact that messages can be sent to.
    ///
    /// # Errors
    /// Returns [`NameError::Recipient`] if `text` does not have the form of such a name.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        UserName::new(text).map_err(|_| NameError::Recipient)?.try_into()
    }

    /// Returns the File Transfer Helper, for messages to oneself.
    #[must_use]
    pub fn file_helper() -> Self {
        Self(UserName::file_helper())
    }

    /// Returns the name as a UserName.
    #[must_use]
    pub fn user_name(&self) -> &UserName {
        &self.0
    }

    /// Returns the text that is sent on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Returns whether messages can be sent to `name`.
fn is_writable(name: &str) -> bool {
    let is_hex = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_word = |id: &str| {
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    match (
        name.strip_prefix("@@").or_else(|| name.strip_prefix('@')),
        name.strip_suffix("@chatroom"),
    ) {
        (Some(id), _) => is_hex(id),
        (None, Some(id)) => is_word(id),
        // The other special names, such as fmessage and newsapp, only send messages.
        (None, None) => name == UserName::FILE_HELPER,
    }
}

impl TryFrom<UserName> for Recipient {
    type Error = NameError;

    fn try_from(name: UserName) -> Result<Self, NameError> {
        if is_writable(name.as_str()) { Ok(Self(name)) } else { Err(NameError::Recipient) }
    }
}

impl TryFrom<&UserName> for Recipient {
    type Error = NameError;

    fn try_from(name: &UserName) -> Result<Self, NameError> {
        name.clone().try_into()
    }
}

impl TryFrom<String> for Recipient {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl FromStr for Recipient {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl From<Recipient> for UserName {
    fn from(recipient: Recipient) -> Self {
        recipient.0
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.0.into()
    }
}

impl AsRef<UserName> for Recipient {
    fn as_ref(&self) -> &UserName {
        &self.0
    }
}

impl AsRef<str> for Recipient {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_be_written_to() {
        let person = "@1f2879f180e21b8a2906d594822857050889711650c5ef303960482ab7078812";
        for good in [person, &format!("@{person}"), "@0F", "11122233344@chatroom", "filehelper"] {
            assert_eq!(Recipient::new(good).unwrap().as_str(), good);
            assert!(Recipient::try_from(&UserName::new(good).unwrap()).is_ok(), "{good}");
        }
        assert_eq!(Recipient::file_helper(), "filehelper".parse().unwrap());
        for bad in [
            "",
            "@",
            "@@",
            "@@@1f",
            "@you",
            "@Anna",
            "@1f ",
            "@ 1f",
            "@１f",
            "Anna",
            "1f28",
            "name:Anna",
            "fmessage",
            "Filehelper",
            "filehelper ",
            "@chatroom",
            "a b@chatroom",
            "a@chatroom ",
            "@@1f@chatroom",
            "12345@qqim",
            "a@b",
            "@1f\n",
            "weixin,filehelper",
        ] {
            assert_eq!(Recipient::new(bad), Err(NameError::Recipient), "{bad:?}");
        }
        assert!(Recipient::new(format!("@{}", "a".repeat(256))).is_err());
    }

    #[test]
    fn user_names_of_other_forms_are_not_recipients() {
        for name in ["newsapp", "wxid_0", "12345@qqim", "a b", "微信团队", "@"] {
            let name = UserName::new(name).unwrap();
            assert_eq!(Recipient::try_from(&name), Err(NameError::Recipient), "{name}");
        }
    }
}
