//! The codes that the server refuses calls with.

/// The code of a refusal. 0 is success.
pub(crate) type Ret = i64;

/// The request cannot be understood.
pub(crate) const MALFORMED: Ret = 1;
/// There is no such login: cookies, sid or uin are wrong.
pub(crate) const NO_SESSION: Ret = 1100;
/// The login exists, but its skey is a different one.
pub(crate) const INVALID_SESSION: Ret = 1101;
/// The recipient is the account itself, or on the page of the File Transfer Helper anybody else.
pub(crate) const NO_RECIPIENT: Ret = 1204;
/// Too many requests.
pub(crate) const RATE_LIMITED: Ret = 1205;
