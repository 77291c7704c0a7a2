use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::unix_ms::UnixMs;

/// Why a text is not a valid identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// A MsgID is 1 to 20 decimal digits.
    MsgId,
    /// A UserName has 1 to 256 characters, none of them a control character.
    UserName,
    /// Messages cannot be sent to names of this form.
    Recipient,
    /// A MediaId is not empty and contains no white space or control characters.
    MediaId,
    /// A LocalID is 17 decimal digits.
    LocalId,
    /// A DeviceID has 1 to 256 characters of printable ASCII.
    DeviceId,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MsgId => "a MsgID is 1 to 20 decimal digits",
            Self::UserName => "a UserName has 1 to 256 characters and no control characters",
            Self::Recipient => {
                "messages cannot be sent to this name: a person is @1f28… in hex digits, a room is \
                 @@7c3a… or …@chatroom, and the File Transfer Helper is filehelper"
            }
            Self::MediaId => "a MediaId looks like @crypt_…",
            Self::LocalId => "a LocalID is 17 decimal digits",
            Self::DeviceId => "a DeviceID has 1 to 256 characters of printable ASCII",
        })
    }
}

impl std::error::Error for NameError {}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $error:ident, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Creates an identifier from `text`.
            ///
            /// # Errors
            /// Returns a [`NameError`] if `text` does not have the required form.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) { Ok(Self(text.into())) } else { Err(NameError::$error) }
            }

            /// Returns the text that is sent on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }
    };
}

name! {
    /// The server's id of a message: up to 20 decimal digits, never parsed as a float
    /// ([P17](crate::protocol#p17)). The image of a message is fetched by this id.
    MsgId, MsgId, |text| (1..=20).contains(&text.len()) && is_digits(text)
}

impl MsgId {
    /// Returns whether this is the id 0, which no message has.
    pub(crate) fn is_zero(&self) -> bool {
        self.0.bytes().all(|digit| digit == b'0')
    }
}

impl UserName {
    /// The File Transfer Helper.
    pub(crate) const FILE_HELPER: &str = "filehelper";

    pub(crate) fn file_helper() -> Self {
        Self(Self::FILE_HELPER.into())
    }

    /// Returns whether this is a room.
    #[must_use]
    pub fn is_room(&self) -> bool {
        self.0.starts_with("@@") || self.0.ends_with("@chatroom")
    }
}

name! {
    /// The server's name for a contact: a person (`@` + hex), a room (`@@` + hex), `filehelper`, or
    /// another special name. Except for special names, it is valid in one login only
    /// ([§8.4](crate::protocol#s8-4)). Messages can be sent to a [`Recipient`](crate::Recipient).
    UserName, UserName, |text| {
        (1..=256).contains(&text.chars().take(257).count()) && !text.chars().any(char::is_control)
    }
}

name! {
    /// The server's id of an upload, which messages refer to ([§4.6](crate::protocol#s4-6)). It
    /// identifies the media and is not a credential.
    MediaId, MediaId, |text| is_token(text)
}

name! {
    /// The LocalID and ClientMsgId of a message: 17 digits ([P44](crate::protocol#p44)). The server
    /// drops a message with an id that it has already seen.
    LocalId, LocalId, |text| text.len() == 17 && is_digits(text)
}

impl LocalId {
    /// Joins the last 13 digits of the milliseconds and a random fraction in thousandths, with four
    /// digits. Milliseconds have 13 digits until 2286.
    pub(crate) fn from_clock(time: UnixMs, thousandths: u16) -> Self {
        let id = format!("{:013}{:04}", time.get() % 10_000_000_000_000, thousandths.min(1000));
        Self(id.into())
    }

    /// Returns the time at which it was made.
    pub(crate) fn made_at(&self) -> UnixMs {
        UnixMs::new(self.0.get(..13).and_then(|ms| ms.parse().ok()).unwrap_or(0))
    }
}

name! {
    /// The `DeviceID` of a BaseRequest. The official page sends `e` and 15 decimal digits
    /// ([P11](crate::protocol#p11)). Released clients send many other forms, so a session accepts
    /// any printable ASCII.
    DeviceId, DeviceId, |text| {
        (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    }
}

impl DeviceId {
    /// Creates an id in the form of the official page, from the last 15 digits of `number`.
    pub(crate) fn from_number(number: u64) -> Self {
        Self(format!("e{:015}", number % 1_000_000_000_000_000).into())
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p17_a_msg_id_is_text_of_digits() {
        for good in ["0", "8997396119269472610", "18446744073709551615"] {
            assert_eq!(MsgId::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "12a",
            "-1",
            " 1",
            "1.0",
            "1e5",
            "１２",
            "111111111111111111111",
            "../../etc/passwd",
        ] {
            assert_eq!(MsgId::new(bad), Err(NameError::MsgId), "{bad}");
        }
    }

    #[test]
    fn p44_a_local_id_has_17_digits_however_it_comes() {
        let id = LocalId::new("15114939427950257").unwrap();
        assert_eq!("15114939427950257".parse(), Ok(id.clone()));
        assert_eq!(serde_json::from_str::<LocalId>("\"15114939427950257\"").unwrap(), id);
        for bad in ["", "1", "1511493942795025", "151149394279502570", "1511493942795025x", "-"] {
            assert_eq!(LocalId::new(bad), Err(NameError::LocalId), "{bad}");
            let error = serde_json::from_value::<LocalId>(bad.into()).unwrap_err();
            assert!(error.to_string().contains("17 decimal digits"), "{error}");
        }
        for unix_ms in [0, 1, 9_999_999_999_999, 10_000_000_000_000, u64::MAX] {
            let id = LocalId::from_clock(UnixMs::new(unix_ms), 999);
            assert_eq!(LocalId::new(id.as_str()), Ok(id));
        }
    }

    #[test]
    fn p11_a_device_id_is_printable_ascii() {
        for good in ["e123456789012345", "1", &"e".repeat(256)] {
            assert_eq!(DeviceId::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "e 1", "e\n", "é", &"e".repeat(257)] {
            assert_eq!(DeviceId::new(bad), Err(NameError::DeviceId), "{bad}");
        }
    }

    #[test]
    fn user_names_are_bounded_and_contain_no_control_characters() {
        for good in ["filehelper", "@@0f", "a b", &"@".repeat(256), &"图".repeat(256)] {
            assert_eq!(UserName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "a\n", "\u{9b}", &"@".repeat(257)] {
            assert_eq!(UserName::new(bad), Err(NameError::UserName), "{bad}");
        }
    }
}
