//! The formats of media that can be sent.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::image_format::{ImageFormat, SHORT, Sniffed, sniff};
use crate::model::media_kind::MediaKind;

/// The format of media to send. It is determined by the first bytes, not by the file name
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
    /// WebP, which can only be sent as a file.
    Webp,
    /// HEIC, HEIF or AVIF, which can only be sent as a file.
    Heif,
    /// TIFF, which can only be sent as a file.
    Tiff,
    /// Anything else, which can only be sent as a file.
    Other,
}

impl MediaFormat {
    /// Recognises a file of `len` bytes that begins with `first`.
    pub(crate) fn recognise(first: &[u8], len: u64) -> Self {
        let format = match sniff(first) {
            Sniffed::Image(format) => format,
            Sniffed::Beginning(format) if (first.len() as u64) < len && first.len() >= SHORT => {
                format
            }
            Sniffed::Beginning(_) | Sniffed::Nothing => ImageFormat::Unknown,
        };
        match format {
            ImageFormat::Jpeg => Self::Jpeg,
            ImageFormat::Png => Self::Png,
            ImageFormat::Gif => Self::Gif,
            ImageFormat::Bmp => Self::Bmp,
            ImageFormat::Webp => Self::Webp,
            ImageFormat::Heif => Self::Heif,
            ImageFormat::Tiff => Self::Tiff,
            ImageFormat::Unknown => Self::Other,
        }
    }

    /// Returns the default kind: an image for JPEG, PNG and BMP, an emoticon for a GIF
    /// ([P47](crate::protocol#p47)), and a file for everything else.
    #[must_use]
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Jpeg | Self::Png | Self::Bmp => MediaKind::Image,
            Self::Gif => MediaKind::Emoticon,
            Self::Webp | Self::Heif | Self::Tiff | Self::Other => MediaKind::File,
        }
    }

    /// Returns whether this format can be sent as `kind`, which is its default kind or a file.
    #[must_use]
    pub fn can_be(self, kind: MediaKind) -> bool {
        kind == MediaKind::File || kind == self.kind()
    }

    /// Whether it is an image that the official page sends as one
    /// ([P31](crate::protocol#p31)).
    #[must_use]
    pub fn is_image(self) -> bool {
        self.kind() != MediaKind::File
    }

    /// Returns the MIME type in the upload form. Files other than images have the type that a
    /// browser gives to an unknown extension.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Bmp => "image/bmp",
            Self::Webp => "image/webp",
            Self::Heif => "image/heif",
            Self::Tiff => "image/tiff",
            Self::Other => "application/octet-stream",
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
            Self::Webp => "webp",
            Self::Heif => "heic",
            Self::Tiff => "tiff",
            Self::Other => "bin",
        }
    }
}

/// Formats the name in lower case, such as `jpeg`.
impl fmt::Display for MediaFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "jpeg",
            Self::Heif => "heif",
            Self::Other => "file",
            other => other.extension(),
        })
    }
}
