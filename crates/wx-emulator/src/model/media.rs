//! Stored files: the uploaded bytes, and a thumbnail that the server makes from them.

use std::fmt::Write;
use std::io::Cursor;

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use md5::{Digest, Md5};

/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 100;
/// The width and height of the cover of a video. A server was seen to reply with these.
const COVER: (u32, u32) = (640, 368);
/// The maximum memory for decoding one image.
const DECODED: u64 = 512 * 1024 * 1024;

/// An image or another file.
pub(crate) struct MediaFile {
    pub(crate) bytes: Bytes,
    pub(crate) md5: String,
    pub(crate) format: Option<ImageFormat>,
    /// `None` if the bytes can be decoded neither as an image nor as a video.
    pub(crate) thumbnail: Option<Thumbnail>,
}

/// A JPEG whose longer side has 100 pixels, or the cover of a video.
pub(crate) struct Thumbnail {
    pub(crate) bytes: Bytes,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl MediaFile {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let md5 = md5(&bytes);
        let format = image::guess_format(&bytes).ok();
        let thumbnail = match is_video(&bytes) {
            true => Thumbnail::cover(&bytes),
            false => decode(&bytes).and_then(|image| Thumbnail::from_image(&image)),
        };
        MediaFile { bytes, md5, format, thumbnail }
    }

    /// Returns the height and width for replies and messages: those of the thumbnail, or zeros.
    pub(crate) fn announced_size(&self) -> (u32, u32) {
        self.thumbnail.as_ref().map_or((0, 0), |thumbnail| (thumbnail.height, thumbnail.width))
    }

    pub(crate) fn is_video(&self) -> bool {
        is_video(&self.bytes)
    }

    pub(crate) fn is_gif(&self) -> bool {
        self.format == Some(ImageFormat::Gif)
    }
}

impl Thumbnail {
    fn from_image(image: &DynamicImage) -> Option<Self> {
        let (width, height) = (u64::from(image.width()), u64::from(image.height()));
        let long = width.max(height).max(1);
        let scaled = |side: u64| ((side * u64::from(THUMBNAIL) + long / 2) / long).max(1) as u32;
        let (width, height) = (scaled(width), scaled(height));
        Self::from_pixels(&image.thumbnail_exact(width, height).to_rgb8())
    }

    /// Makes the cover of a video. No video is decoded here, so its colour depends on the bytes.
    fn cover(video: &Bytes) -> Option<Self> {
        let sum = |nth: usize| video.iter().skip(nth).step_by(3).fold(0, |sum, byte| sum ^ byte);
        let (width, height) = COVER;
        Self::from_pixels(&RgbImage::from_pixel(width, height, Rgb([0, 1, 2].map(sum))))
    }

    fn from_pixels(image: &RgbImage) -> Option<Self> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Jpeg).ok()?;
        let (width, height) = image.dimensions();
        Some(Thumbnail { bytes: bytes.into_inner().into(), width, height })
    }
}

/// Returns whether this is an MP4 that can hold a video: its major brand is neither that of images
/// nor that of sound or of QuickTime.
fn is_video(bytes: &[u8]) -> bool {
    const OTHERS: [&[u8]; 9] =
        [b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"M4A ", b"M4B ", b"qt  "];
    let major = bytes.get(8..12).filter(|_| bytes[4..8] == *b"ftyp");
    major.is_some_and(|major| !OTHERS.contains(&major))
}

/// Decodes an image of any format, or the first frame of an animation.
fn decode(bytes: &Bytes) -> Option<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED);
    reader.limits(limits);
    reader.decode().ok()
}

/// Returns the MD5 in lowercase hexadecimal.
pub(crate) fn md5(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(32);
    for byte in Md5::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
