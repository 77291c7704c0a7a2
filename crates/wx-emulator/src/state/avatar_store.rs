//! The avatars that a test has replaced.

use std::collections::BTreeMap;

use bytes::Bytes;

/// The avatars that a test has replaced, by UserName. All others are drawn.
#[derive(Default)]
pub(crate) struct AvatarStore(BTreeMap<String, Replaced>);

struct Replaced {
    times: u64,
    picture: Option<Bytes>,
}

impl AvatarStore {
    /// Replaces an avatar, or removes it.
    pub(crate) fn replace(&mut self, user_name: &str, picture: Option<Bytes>) {
        let times = self.times(user_name) + 1;
        self.0.insert(user_name.to_owned(), Replaced { times, picture });
    }

    /// Returns what has replaced an avatar: a picture, or none.
    pub(crate) fn replaced(&self, user_name: &str) -> Option<Option<Bytes>> {
        self.0.get(user_name).map(|replaced| replaced.picture.clone())
    }

    /// Returns how often an avatar was replaced or removed.
    pub(crate) fn times(&self, user_name: &str) -> u64 {
        self.0.get(user_name).map_or(0, |replaced| replaced.times)
    }
}
