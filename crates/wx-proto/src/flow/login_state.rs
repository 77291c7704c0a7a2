use std::fmt;

use bytes::Bytes;

use crate::model::secret::Secret;
use crate::session::Session;

/// A state of a login that the user has to see.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum LoginState {
    /// The user has to scan this address, shown as a QR code, with the phone. It is valid for a few
    /// minutes. Anyone who sees it can interfere with the login, so show it only to the user.
    Code {
        /// The address.
        link: Secret,
    },
    /// The phone shows a prompt. There is no QR code.
    Asked,
    /// The QR code was scanned, and the phone shows a prompt.
    Scanned {
        /// The avatar of the account, usually a JPEG.
        avatar: Option<Bytes>,
    },
    /// The login was confirmed on the phone.
    Confirmed,
    /// The login page has opened the login, and webwxinit follows. The phone lists the login from
    /// now on: save the session, so that it is not lost if webwxinit fails or the program ends.
    /// [`Restore`](crate::flow::Restore) resumes it.
    Opened {
        /// The session. Its [`user_name`](Session::user_name) is unknown until webwxinit has
        /// replied.
        session: Session,
    },
    /// The user refused the login on the phone, or the server refused to prompt. A QR code follows.
    Refused,
    /// The QR code or prompt has expired. A QR code follows.
    Expired,
    /// The server has a problem, or cannot prompt on the phone. A QR code follows.
    ServerProblem {
        /// The server's error code, if it sent one.
        code: Option<i64>,
    },
}

/// Shows only the length of an avatar, and does not show codes.
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
            Self::ServerProblem { code } => {
                f.debug_struct("ServerProblem").field("code", code).finish()
            }
        }
    }
}
