//! The option `--variant`.

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

impl Variant {
    /// Returns the attachment of the message `id`.
    pub(crate) fn attachment(self, id: MsgId) -> Attachment {
        match self {
            Self::Original => Attachment::image(id, ImageVariant::Original),
            Self::Thumbnail => Attachment::image(id, ImageVariant::Thumbnail),
            Self::Emoticon => Attachment::image(id, ImageVariant::Emoticon),
            Self::Video => Attachment::video(id),
            Self::Voice => Attachment::voice(id),
        }
    }
}
