//! The steps of the phone during a login.

use std::fmt;
use std::str::FromStr;

/// The reply to one poll of a login. Set them with
/// [`Builder::phone_steps`](crate::Builder::phone_steps).
///
/// ```
/// use wx_emulator::PhoneStep;
///
/// let script = "scanned,refused,scanned,confirmed".split(',').map(str::parse);
/// let script = script.collect::<Result<Vec<PhoneStep>, _>>()?;
/// assert_eq!(script[1], PhoneStep::Refused);
/// # Ok::<(), wx_emulator::PhoneStepError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneStep {
    /// 408: the code was not scanned yet.
    Nothing,
    /// 201: the code was scanned.
    Scanned,
    /// 200: the login was confirmed.
    Confirmed,
    /// 202: the login was refused. The next code continues with the rest of the script.
    Refused,
    /// 400: the code has expired. The next code continues with the rest of the script.
    Expired,
    /// 500: the server failed. The next code continues with the rest of the script.
    ServerProblem,
}

const NAMES: [(&str, PhoneStep); 6] = [
    ("nothing", PhoneStep::Nothing),
    ("scanned", PhoneStep::Scanned),
    ("confirmed", PhoneStep::Confirmed),
    ("refused", PhoneStep::Refused),
    ("expired", PhoneStep::Expired),
    ("trouble", PhoneStep::ServerProblem),
];

impl FromStr for PhoneStep {
    type Err = PhoneStepError;

    fn from_str(text: &str) -> Result<Self, PhoneStepError> {
        let found = NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, step)| *step).ok_or(PhoneStepError)
    }
}

/// A text that does not name a [`PhoneStep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneStepError;

impl fmt::Display for PhoneStepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected one of nothing, scanned, confirmed, refused, expired, trouble")
    }
}

impl std::error::Error for PhoneStepError {}
