use std::fmt;

use wx_proto::Text;

/// The content of a message: a text, or media from a source.
///
/// Texts, and the sources of each transport, convert into it.
pub enum Outbound<S> {
    /// A text.
    Text(Text),
    /// An image, an emoticon or a file.
    Media(S),
}

impl<S> From<Text> for Outbound<S> {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl<S> From<&str> for Outbound<S> {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl<S> From<String> for Outbound<S> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl<S: fmt::Debug> fmt::Debug for Outbound<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => text.fmt(f),
            Self::Media(source) => source.fmt(f),
        }
    }
}
