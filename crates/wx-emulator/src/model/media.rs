//! Stored files: the uploaded bytes, and a thumbnail that the server makes from them.

use std::fmt::Write;
use std::io::Cursor;

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use md5::{Digest, Md5};

/// The longer side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 100;
/// The maximum memory for decoding one image.
const DECODED: u64 = 512 * 1024 * 1024;

/// An image or another file.
pub(crate) struct MediaFile {
    pub(crate) bytes: Bytes,
    pub(crate) md5: String,
    pub(crate) format: Option<ImageFormat>,
    /// `None` if the bytes cannot be decoded as an image.
    pub(crate) thumbnail: Option<Thumbnail>,
}

/// A JPEG whose longer side has 100 pixels.
pub(crate) struct Thumbnail {
    pub(crate) bytes: Bytes,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl MediaFile {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let md5 = md5(&bytes);
        let format = image::guess_format(&bytes).ok();
        let thumbnail = decode(&bytes).and_then(|image| Thumbnail::from_image(&image));
        MediaFile { bytes, md5, format, thumbnail }
    }

    /// Returns the height and width for replies and messages: those of the thumbnail, or zeros.
    pub(crate) fn announced_size(&self) -> (u32, u32) {
        self.thumbnail.as_ref().map_or((0, 0), |thumbnail| (thumbnail.height, thumbnail.width))
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
        let mut bytes = Cursor::new(Vec::new());
        let small = image.thumbnail_exact(width, height).to_rgb8();
        small.write_to(&mut bytes, ImageFormat::Jpeg).ok()?;
        Some(Thumbnail { bytes: bytes.into_inner().into(), width, height })
    }
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
