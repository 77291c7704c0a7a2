//! The option `--variant` of `wx fetch` and `wx fetch-image`.

use clap::ValueEnum;
use wx_proto::{Attachment, ImageVariant, MsgId};

/// The attachment of a message. The aliases are the former names.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Variant {
    Original,
    #[value(alias = "thumb")]
    Thumbnail,
    #[value(alias = "big")]
    Emoticon,
    Video,
    Voice,
}

/// The picture of a message.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PictureVariant {
    Original,
    #[value(alias = "thumb")]
    Thumbnail,
    #[value(alias = "big")]
    Emoticon,
}

impl Variant {
    /// Returns the attachment of the message `id`.
    pub(crate) fn attachment(self, id: MsgId) -> Attachment {
        match self {
            Self::Original => PictureVariant::Original.attachment(id),
            Self::Thumbnail => PictureVariant::Thumbnail.attachment(id),
            Self::Emoticon => PictureVariant::Emoticon.attachment(id),
            Self::Video => Attachment::video(id),
            Self::Voice => Attachment::voice(id),
        }
    }
}

impl PictureVariant {
    /// Returns the picture of the message `id`.
    pub(crate) fn attachment(self, id: MsgId) -> Attachment {
        let variant = match self {
            Self::Original => ImageVariant::Original,
            Self::Thumbnail => ImageVariant::Thumbnail,
            Self::Emoticon => ImageVariant::Emoticon,
        };
        Attachment::image(id, variant)
    }
}
