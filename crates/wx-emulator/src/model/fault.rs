//! Faults: which requests the server handles wrongly, and how.

use std::fmt;

use super::fault_action::Action;

/// An error that the server makes on chosen requests: `ACTION[=ARG]@ENDPOINT[#N[+]]`, as in
/// `drop=after@webwxsendmsgimg#1`.
///
/// `ENDPOINT` is the name of a call, or `/` for the page itself. `#N` selects its Nth request,
/// counted from 1, and `#N+` selects the Nth and all later ones. Without either, the fault hits
/// every request. The README lists the actions.
///
/// ```
/// let fault: wx_emulator::Fault = "cut=1000@webwxgetmsgimg#2+".parse()?;
/// assert_eq!(fault.to_string(), "cut=1000@webwxgetmsgimg#2+");
/// # Ok::<(), wx_emulator::FaultError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(crate) action: Action,
    pub(crate) endpoint: String,
    pub(crate) occurrence: Occurrence,
}

/// Which requests to an endpoint a fault hits, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occurrence {
    Every,
    Only(usize),
    From(usize),
}

impl Fault {
    /// Returns whether the fault hits the `nth` request to `endpoint`, counted from 1.
    pub(crate) fn hits(&self, endpoint: &str, nth: usize) -> bool {
        self.endpoint == endpoint
            && match self.occurrence {
                Occurrence::Every => true,
                Occurrence::Only(n) => n == nth,
                Occurrence::From(n) => n <= nth,
            }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = if self.endpoint.is_empty() { "/" } else { &self.endpoint };
        write!(f, "{}@{endpoint}", self.action)?;
        match self.occurrence {
            Occurrence::Every => Ok(()),
            Occurrence::Only(n) => write!(f, "#{n}"),
            Occurrence::From(n) => write!(f, "#{n}+"),
        }
    }
}
