//! The codes with which the server refuses calls.

/// The code of a refusal. 0 is success.
pub(crate) type Ret = i64;

/// The server cannot parse the request.
pub(crate) const MALFORMED: Ret = 1;
/// The login does not exist: its cookies, sid or uin are wrong.
pub(crate) const NO_SESSION: Ret = 1100;
/// The login exists, but has a different skey.
pub(crate) const INVALID_SESSION: Ret = 1101;
/// The recipient is the account itself or, on the page of the File Transfer Helper, anybody but
/// `filehelper`.
pub(crate) const NO_RECIPIENT: Ret = 1204;
/// Too many requests.
pub(crate) const RATE_LIMITED: Ret = 1205;
