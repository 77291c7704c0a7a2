//! The variants of a message's image.

/// Which variant of a message's image to fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImageVariant {
    /// The original, as sent by the phone. The query has no `type`.
    #[default]
    Original,
    /// The thumbnail: `type=slave`. Also the cover of a video.
    Thumbnail,
    /// An emoticon (MsgType 47): `type=big`.
    Emoticon,
}
