//! The formats of images that can be fetched.

mod sniff;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use self::sniff::{FIRST, SHORT, Sniffed, sniff};

/// The format of an image, determined by its first bytes ([P19](crate::protocol#p19)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF, which is sent as an emoticon ([P47](crate::protocol#p47)).
    Gif,
    /// BMP.
    Bmp,
    /// WebP. It can be fetched, but not sent as an image.
    Webp,
    /// HEIC, HEIF or AVIF. It can be fetched, but not sent as an image.
    Heif,
    /// TIFF. It can be fetched, but not sent as an image.
    Tiff,
    /// An unknown format, which was kept because of
    /// [`Policy::keep_unknown`](crate::Policy::keep_unknown).
    Unknown,
}

impl ImageFormat {
    /// The maximum number of bytes that [`ImageFormat::from_first_bytes`] examines. A JPEG that
    /// begins with a preview needs all of them.
    pub const FIRST: usize = FIRST;

    /// Recognises an image by its first [`ImageFormat::FIRST`] bytes, or by all bytes of a shorter
    /// one. Returns `None` if the format is unknown.
    #[must_use]
    pub fn from_first_bytes(first: &[u8]) -> Option<Self> {
        match sniff(first) {
            Sniffed::Image(format) => Some(format),
            Sniffed::Beginning(_) | Sniffed::Nothing => None,
        }
    }

    /// Returns the MIME type.
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
            Self::Unknown => "application/octet-stream",
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
            Self::Unknown => "bin",
        }
    }

    /// Returns the name in lower case, such as `jpeg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Heif => "heif",
            Self::Unknown => "unknown",
            other => other.extension(),
        }
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
