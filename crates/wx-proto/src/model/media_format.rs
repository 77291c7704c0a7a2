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
    /// An MP4 with a video. QuickTime, and MP4 with a brand for audio, are not this format.
    Mp4,
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
            ImageFormat::Unknown if is_mp4(first) => Self::Mp4,
            ImageFormat::Unknown => Self::Other,
        }
    }

    /// Returns the default kind: an image for JPEG, PNG and BMP, an emoticon for a GIF
    /// ([P47](crate::protocol#p47)), a video for an MP4 whose name ends in `.mp4`
    /// ([P80](crate::protocol#p80)), and a file for everything else.
    #[must_use]
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::Jpeg | Self::Png | Self::Bmp => MediaKind::Image,
            Self::Gif => MediaKind::Emoticon,
            Self::Mp4 => MediaKind::Video,
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
        matches!(self.kind(), MediaKind::Image | MediaKind::Emoticon)
    }

    /// Returns the MIME type in the upload form. Files other than images and videos have the type
    /// that a browser gives to an unknown extension.
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
            Self::Mp4 => "video/mp4",
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
            Self::Mp4 => "mp4",
            Self::Other => "bin",
        }
    }
}

/// Brands of ISO base media files that hold a video, and of those that hold only sound. A file of
/// QuickTime alone has the brand `qt  `.
const VIDEO_BRANDS: [&[u8; 4]; 19] = [
    b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41",
    b"mp42", b"avc1", b"hvc1", b"M4V ", b"M4VH", b"M4VP", b"MSNV", b"F4V ", b"mmp4",
];
const AUDIO_BRANDS: [&[u8; 4]; 5] = [b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "];

/// Returns whether this begins an MP4 with a brand for video, as the major brand or as a compatible
/// one. Programs that record sound claim the brands for video too, but as compatible ones.
fn is_mp4(first: &[u8]) -> bool {
    let [a, b, c, d, b'f', b't', b'y', b'p', brands @ ..] = first else { return false };
    let end = (u32::from_be_bytes([*a, *b, *c, *d]) as usize).saturating_sub(8);
    let brands = &brands[..end.min(brands.len())];
    let is_in = |known: &[&[u8; 4]], brand: &[u8]| known.iter().any(|known| *known == brand);
    let Some(major) = brands.get(..4) else { return false };
    let mut compatible = brands.get(8..).unwrap_or_default().chunks_exact(4);
    !is_in(&AUDIO_BRANDS, major)
        && (is_in(&VIDEO_BRANDS, major) || compatible.any(|brand| is_in(&VIDEO_BRANDS, brand)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p80_an_mp4_with_a_video_by_its_brands() {
        let file = |brands: &str| {
            let size = u32::try_from(8 + brands.len()).unwrap();
            let box_of_brands = [&size.to_be_bytes()[..], b"ftyp", brands.as_bytes()].concat();
            let first = [&box_of_brands[..], b"\0\0\0\x08moovmp42isom"].concat();
            MediaFormat::recognise(&first, first.len() as u64)
        };
        for brands in [
            "isom0200isomiso2avc1mp41",
            "mp420000isommp42",
            "M4V 0000M4V mp42isom",
            "MSNV0000MSNVmp42isom",
            "qt  0000qt  mp42",
            "avc1",
            "abcd0000mmp4",
        ] {
            assert_eq!(file(brands), MediaFormat::Mp4, "{brands}");
        }
        for brands in [
            // Sound, whatever it is compatible with.
            "M4A 0000M4A mp42isom",
            "M4B 0000isommp42",
            "F4A 0000isom",
            "qt  0000qt  ",
            "3gp50000",
            "abcdmp42",
            "abc",
            "",
        ] {
            assert_eq!(file(brands), MediaFormat::Other, "{brands}");
        }
        assert_eq!(file("heic0000isommp42"), MediaFormat::Heif);
        assert_eq!(file("avif0000isom"), MediaFormat::Heif);
        assert_eq!(MediaFormat::recognise(b"\0\0\0\x0cftxpisom", 12), MediaFormat::Other);
        assert_eq!(MediaFormat::recognise(b"\0\0\0\0ftypisom", 12), MediaFormat::Other);
    }
}
