//! The formats of media that can be sent: how they are recognised, and what follows from them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::image_format::{ImageFormat, SHORT, Sniffed, sniff};
use crate::model::media_kind::MediaKind;

/// The format of media to send, by its first bytes, whatever its name says
/// ([P31](crate::protocol#p31)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MediaFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// BMP.
    Bmp,
}

impl MediaFormat {
    /// Recognises a file of `len` bytes that begins with `first`. The error is the image format, if
    /// it is known but cannot be sent.
    pub(crate) fn recognise(first: &[u8], len: u64) -> Result<Self, Option<ImageFormat>> {
        let format = match sniff(first) {
            Sniffed::Image(format) => format,
            Sniffed::Beginning(format) if (first.len() as u64) < len && first.len() >= SHORT => {
                format
            }
            Sniffed::Beginning(_) | Sniffed::Nothing => return Err(None),
        };
        match format {
            ImageFormat::Jpeg => Ok(Self::Jpeg),
            ImageFormat::Png => Ok(Self::Png),
            ImageFormat::Gif => Ok(Self::Gif),
            ImageFormat::Bmp => Ok(Self::Bmp),
            other => Err(Some(other)),
        }
    }

    /// Returns the default kind: an emoticon for a GIF ([P47](crate::protocol#p47)), and an image
    /// for the others.
    #[must_use]
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Jpeg | Self::Png | Self::Bmp => MediaKind::Image,
            Self::Gif => MediaKind::Emoticon,
        }
    }

    /// Returns whether it can be sent as `kind`: as its default kind, or as a file.
    #[must_use]
    pub fn can_be(self, kind: MediaKind) -> bool {
        kind == MediaKind::File || kind == self.kind()
    }

    /// Returns the MIME type in the upload form.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
        }
    }

    /// Returns the usual file name extension, without a dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
        }
    }
}

/// Shows the name in lower case, such as `jpeg`.
impl fmt::Display for MediaFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "jpeg",
            other => other.extension(),
        })
    }
}
