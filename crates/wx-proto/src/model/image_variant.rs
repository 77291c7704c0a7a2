//! The variants of an image in a message.

use serde::{Deserialize, Serialize};

/// The variant of a message's image to fetch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImageVariant {
    /// The original that the phone sent. The query has no `type`.
    #[default]
    Original,
    /// The thumbnail of an image, or the cover of a video: `type=slave`.
    Thumbnail,
    /// An emoticon (MsgType 47): `type=big`.
    Emoticon,
}
