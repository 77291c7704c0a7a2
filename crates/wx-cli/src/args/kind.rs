//! The option `--as`.

use clap::ValueEnum;
use wx_proto::MediaKind;

/// The kind that files are sent as.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Image,
    Emoticon,
    Video,
    File,
    /// Refused, with the advice to send a file.
    #[value(hide = true)]
    Voice,
}

impl Kind {
    /// Returns the kind of the core, or the advice if there is none.
    pub(crate) fn media(self) -> Result<MediaKind, &'static str> {
        Ok(match self {
            Self::Image => MediaKind::Image,
            Self::Emoticon => MediaKind::Emoticon,
            Self::Video => MediaKind::Video,
            Self::File => MediaKind::File,
            Self::Voice => {
                return Err(
                    "--as voice: web WeChat cannot send voice messages; send the sound with \
                            --as file",
                );
            }
        })
    }
}
