//! What kind of picture some bytes are.

mod sniff;

use std::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use self::sniff::{FIRST, SHORT, Sniffed, sniff};

/// What kind of picture some bytes are, by their first bytes alone (P19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF: sent as an emoticon (P47).
    Gif,
    /// BMP.
    Bmp,
    /// WebP: fetched, not sent as a picture.
    Webp,
    /// HEIC, HEIF or AVIF: fetched, not sent as a picture.
    Heif,
    /// TIFF: fetched, not sent as a picture.
    Tiff,
    /// None of these, fetched all the same: see
    /// [`Policy::keep_unknown`](crate::Policy::keep_unknown).
    Unknown,
}

impl ImageFormat {
    /// As many first bytes as [`ImageFormat::from_first_bytes`] looks at: a JPEG that begins with a preview needs
    /// that many.
    pub const FIRST: usize = FIRST;

    /// Returns the format of a picture by its first [`ImageFormat::FIRST`] bytes (or all there
    /// are), or `None` if they are of no picture known here.
    #[must_use]
    pub fn from_first_bytes(first: &[u8]) -> Option<Self> {
        match sniff(first) {
            Sniffed::Picture(format) => Some(format),
            Sniffed::Beginning(_) | Sniffed::Nothing => None,
        }
    }

    /// The MIME type.
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

    /// The usual file name extension, without a dot.
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

    /// The name in lower case, such as `jpeg`.
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
