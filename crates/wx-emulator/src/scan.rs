//! What the phone does with a code.

use std::fmt;
use std::str::FromStr;

/// What one poll of a login is told. [`Builder::scan`](crate::Builder::scan) takes a script of
/// them.
///
/// ```
/// let script: Result<Vec<wx_emulator::Scan>, _> = "scanned,refused,scanned,confirmed".split(',').map(str::parse).collect();
/// assert_eq!(script?.len(), 4);
/// # Ok::<(), wx_emulator::ScanError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// 408: nothing yet.
    Nothing,
    /// 201: scanned.
    Scanned,
    /// 200: confirmed.
    Confirmed,
    /// 202: refused. The next code goes on with the rest of the script.
    Refused,
    /// 400: too old. The next code goes on with the rest of the script.
    Expired,
    /// 500. The next code goes on with the rest of the script.
    Trouble,
}

const NAMES: [(&str, Scan); 6] = [
    ("nothing", Scan::Nothing),
    ("scanned", Scan::Scanned),
    ("confirmed", Scan::Confirmed),
    ("refused", Scan::Refused),
    ("expired", Scan::Expired),
    ("trouble", Scan::Trouble),
];

impl FromStr for Scan {
    type Err = ScanError;

    fn from_str(text: &str) -> Result<Self, ScanError> {
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, scan)| *scan).ok_or(ScanError)
    }
}

/// A text that is no step of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanError;

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scan is one of nothing, scanned, confirmed, refused, expired, trouble")
    }
}

impl std::error::Error for ScanError {}
