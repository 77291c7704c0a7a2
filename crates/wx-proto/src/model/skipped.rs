//! Counts of the skipped elements of a list.

use std::fmt;
use std::ops::AddAssign;

/// The numbers of elements of a list that were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The number of elements that could not be parsed.
    pub unreadable: u64,
    /// The number of elements after the first 20 000 of a reply.
    pub over_limit: u64,
}

impl Skipped {
    /// Returns whether no element was skipped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Skipped {
    fn add_assign(&mut self, more: Self) {
        self.unreadable += more.unreadable;
        self.over_limit += more.over_limit;
    }
}

/// Formats the counts like "3 could not be read, 5 were too many for one reply".
impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.unreadable, self.over_limit) {
            (unreadable, 0) => write!(f, "{unreadable} could not be read"),
            (0, more) => write!(f, "{more} were too many for one reply"),
            (unreadable, more) => {
                write!(f, "{unreadable} could not be read, {more} were too many for one reply")
            }
        }
    }
}
