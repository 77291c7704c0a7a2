use std::fmt;

use wx_proto::{Emoticon, Forward, InlineContent, Text};

/// The content of a message: media from a source, or content that needs no upload.
///
/// Texts, [emoticons](Emoticon), messages to [forward](Forward), and the sources of each transport
/// convert into it.
pub enum Outbound<S> {
    /// A text, an emoticon by its MD5, or a forwarded message.
    Inline(InlineContent),
    /// An image, an emoticon, a video or a file.
    Media(S),
}

impl<S> From<InlineContent> for Outbound<S> {
    fn from(content: InlineContent) -> Self {
        Self::Inline(content)
    }
}

impl<S> From<Text> for Outbound<S> {
    fn from(text: Text) -> Self {
        Self::Inline(text.into())
    }
}

impl<S> From<&str> for Outbound<S> {
    fn from(text: &str) -> Self {
        Self::Inline(text.into())
    }
}

impl<S> From<String> for Outbound<S> {
    fn from(text: String) -> Self {
        Self::Inline(text.into())
    }
}

impl<S> From<Emoticon> for Outbound<S> {
    fn from(emoticon: Emoticon) -> Self {
        Self::Inline(emoticon.into())
    }
}

impl<S> From<Forward> for Outbound<S> {
    fn from(forward: Forward) -> Self {
        Self::Inline(forward.into())
    }
}

impl<S: fmt::Debug> fmt::Debug for Outbound<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inline(content) => content.fmt(f),
            Self::Media(source) => source.fmt(f),
        }
    }
}
