//! How a job ends.

use std::fmt;

/// The result of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// One message with the right content, or a fetched copy with the same bytes.
    Sent,
    /// No message, or no copy.
    NotSent,
    /// The client cannot know; there are this many messages.
    Unknown(usize),
}

/// The result if the fault happens once, and if it happens from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub(crate) once: End,
    pub(crate) always: End,
}

/// Retried, with success in the end.
pub(crate) const MENDED: Ends = Ends { once: End::Sent, always: End::NotSent };
/// Not retried, because a retry would not help.
pub(crate) const FINAL: Ends = Ends { once: End::NotSent, always: End::NotSent };
/// Not a failure for a careful client.
pub(crate) const BORNE: Ends = Ends { once: End::Sent, always: End::Sent };
/// The message was not delivered, but the client cannot know that.
pub(crate) const LOST: Ends = Ends { once: End::Sent, always: End::Unknown(0) };
/// The message was delivered, but its reply was lost.
pub(crate) const SWALLOWED: Ends = Ends { once: End::Sent, always: End::Unknown(1) };

impl Ends {
    pub(crate) fn of(self, always: bool) -> End {
        if always { self.always } else { self.once }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("sent"),
            Self::NotSent => f.write_str("not sent"),
            Self::Unknown(messages) => write!(f, "unknown ({messages})"),
        }
    }
}

impl fmt::Display for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {}", self.once, self.always)
    }
}
