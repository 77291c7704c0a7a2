use crate::model::opaque::opaque;

/// A message as the server sent it, for values that no other field contains.
///
/// It can contain keys, tickets and private texts, so its `Debug` shows nothing, and it has no
/// `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct RawMessage(Box<str>);

impl RawMessage {
    pub(crate) fn new(json: &str) -> Self {
        Self(json.into())
    }

    /// Returns the whole JSON object, for which the caller is responsible. Invalid Unicode is
    /// replaced by U+FFFD.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

opaque!(RawMessage);
