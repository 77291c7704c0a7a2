use bytes::Bytes;

use crate::Secret;

/// What a login has to show its user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginState {
    /// A code to be scanned with the phone, as a QR code of this address. It is good for a few minutes. Who sees it can
    /// take part in the login: show it to the user alone.
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
    /// Refused on the phone; another code follows.
    Refused,
    /// The code is too old; another one follows.
    Expired,
    /// The server has trouble; another code follows.
    Trouble {
        /// Its code, if it gave one.
        code: Option<i64>,
    },
}
