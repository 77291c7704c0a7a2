use serde::{Deserialize, Serialize};

use crate::model::emoticon::Emoticon;
use crate::model::forward::Forward;
use crate::model::text::Text;

/// The content of a message that needs no upload, because the message itself contains all of it.
///
/// `Debug` shows no text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InlineContent {
    /// A text.
    Text(Text),
    /// An emoticon that the server knows ([P84](crate::protocol#p84)).
    Emoticon(Emoticon),
    /// A message that was received and is forwarded ([P87](crate::protocol#p87)).
    Forward(Forward),
}

impl InlineContent {
    /// Returns whether it is a text without characters, which must not be sent
    /// ([P63](crate::protocol#p63)).
    pub(crate) fn is_empty_text(&self) -> bool {
        matches!(self, Self::Text(text) if text.content().is_empty())
    }
}

impl From<Text> for InlineContent {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for InlineContent {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for InlineContent {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Emoticon> for InlineContent {
    fn from(emoticon: Emoticon) -> Self {
        Self::Emoticon(emoticon)
    }
}

impl From<Forward> for InlineContent {
    fn from(forward: Forward) -> Self {
        Self::Forward(forward)
    }
}
