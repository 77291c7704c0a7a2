//! Work that must be finished even after a signal.

/// Work that a first signal does not abandon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfinished {
    /// A login that would be lost has to be ended on the server.
    Login,
    /// The command that `watch` runs for a message has to end.
    Hook,
}

impl Unfinished {
    /// Returns what is printed while the work is waited for.
    pub(crate) fn waiting(self) -> &'static str {
        match self {
            Self::Login => {
                "the login is ended on the server first; a second signal does not wait for it"
            }
            Self::Hook => "the command is asked to end first; a second signal kills it",
        }
    }

    /// Returns what is printed when the work is abandoned.
    pub(crate) fn abandoned(self) -> &'static str {
        match self {
            Self::Login => "the login may go on: end it on the phone",
            Self::Hook => "the command may still be running",
        }
    }
}
