use std::fmt;

use bytes::Bytes;

use crate::model::secret::Secret;
use crate::session::Session;

/// What a login has to show its user.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum LoginState {
    /// A code to be scanned with the phone, as a QR code of this address. It is good for a few
    /// minutes. Who sees it can take part in the login: show it to the user alone.
    Code {
        /// The address.
        link: Secret,
    },
    /// The phone asks its owner, without a code.
    Asked,
    /// The code was scanned: the phone asks its owner.
    Scanned {
        /// The picture of the account, a JPEG as a rule.
        avatar: Option<Bytes>,
    },
    /// Confirmed on the phone.
    Confirmed,
    /// The login page has opened the login, and webwxinit follows. From here on the login is listed
    /// on the phone: save the session now, so that it is not lost if webwxinit fails or the program
    /// ends. [`Restore`](crate::flow::Restore) takes it up.
    Opened {
        /// The session. Its [`user_name`](Session::user_name) is not known before webwxinit.
        session: Session,
    },
    /// Refused on the phone, or by the server that was to ask there; a code follows.
    Refused,
    /// The code is too old; another one follows.
    Expired,
    /// The server has trouble, or cannot ask on the phone; a code follows.
    Trouble {
        /// Its code, if it gave one.
        code: Option<i64>,
    },
}

/// Shows of an avatar its length only, and nothing of a code.
impl fmt::Debug for LoginState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { .. } => f.write_str("Code"),
            Self::Asked => f.write_str("Asked"),
            Self::Scanned { avatar: Some(avatar) } => {
                write!(f, "Scanned {{ avatar: {} bytes }}", avatar.len())
            }
            Self::Scanned { avatar: None } => f.write_str("Scanned"),
            Self::Confirmed => f.write_str("Confirmed"),
            Self::Opened { .. } => f.write_str("Opened"),
            Self::Refused => f.write_str("Refused"),
            Self::Expired => f.write_str("Expired"),
            Self::Trouble { code } => f.debug_struct("Trouble").field("code", code).finish(),
        }
    }
}
