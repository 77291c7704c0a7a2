//! The rooms that a login has named so far ([P92](crate::protocol#p92)).

use std::collections::BTreeSet;

use super::LONGEST_NAME;
use crate::model::ids::UserName;

/// The maximum number of rooms that are remembered. Further ones are ignored.
const LIMIT: usize = 1000;

/// The known rooms of a login. They are not saved: webwxinit names them again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct KnownRooms {
    names: BTreeSet<UserName>,
    /// Whether webwxinit has named the recent ones.
    pub(crate) initialized: bool,
}

impl KnownRooms {
    pub(super) fn contains(&self, name: &UserName) -> bool {
        self.names.contains(name)
    }

    pub(super) fn add(&mut self, name: &UserName) {
        if self.names.len() < LIMIT && name.as_str().len() <= LONGEST_NAME {
            self.names.insert(name.clone());
        }
    }

    pub(super) fn remove(&mut self, name: &UserName) {
        self.names.remove(name);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &UserName> {
        self.names.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p92_a_session_remembers_a_thousand_rooms() {
        let name = |n: usize| UserName::new(format!("@@{n}")).unwrap();
        let mut rooms = KnownRooms::default();
        rooms.add(&UserName::new(format!("@@{}", "图".repeat(100))).unwrap());
        assert_eq!(rooms.iter().count(), 0, "absurdly long");
        for n in 0..LIMIT + 10 {
            rooms.add(&name(n));
        }
        assert_eq!(rooms.iter().count(), LIMIT);
        assert!(rooms.contains(&name(0)) && !rooms.contains(&name(LIMIT)));
        rooms.remove(&name(0));
        rooms.add(&name(LIMIT));
        assert!(!rooms.contains(&name(0)) && rooms.contains(&name(LIMIT)));
    }
}
