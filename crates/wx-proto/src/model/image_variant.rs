//! Which of a message's pictures.

/// Which of a message's pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImageVariant {
    /// The original, as the sender's phone left it. No `type` in the query.
    #[default]
    Original,
    /// The thumbnail: `type=slave`. Also the cover of a video.
    Thumbnail,
    /// An emoticon (MsgType 47): `type=big`.
    Emoticon,
}
