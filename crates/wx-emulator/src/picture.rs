//! Pictures as the server keeps them: the bytes as they came, and a thumbnail of its own making.

use std::collections::HashMap;
use std::fmt::Write;
use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use md5::{Digest, Md5};

use crate::random;

/// The long side of a thumbnail.
const THUMBNAIL: u32 = 100;
/// More memory than this is not spent on decoding one picture.
const DECODED: u64 = 512 * 1024 * 1024;

/// A stored picture.
pub(crate) struct Picture {
    pub(crate) bytes: Bytes,
    pub(crate) md5: String,
    pub(crate) format: Option<ImageFormat>,
    /// `None` if the bytes cannot be decoded.
    pub(crate) thumbnail: Option<Thumbnail>,
}

/// A JPEG whose long side is 100.
pub(crate) struct Thumbnail {
    pub(crate) bytes: Bytes,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Picture {
    pub(crate) fn new(bytes: Bytes) -> Self {
        let md5 = md5(&bytes);
        let format = image::guess_format(&bytes).ok();
        let thumbnail = decode(&bytes).and_then(|picture| Thumbnail::of(&picture));
        Picture { bytes, md5, format, thumbnail }
    }

    /// Height and width as announced: the thumbnail's, or zeros.
    pub(crate) fn announced(&self) -> (u32, u32) {
        self.thumbnail.as_ref().map_or((0, 0), |thumbnail| (thumbnail.height, thumbnail.width))
    }

    pub(crate) fn is_gif(&self) -> bool {
        self.format == Some(ImageFormat::Gif)
    }
}

impl Thumbnail {
    fn of(picture: &DynamicImage) -> Option<Self> {
        let (width, height) = (u64::from(picture.width()), u64::from(picture.height()));
        let long = width.max(height).max(1);
        let scaled = |side: u64| ((side * u64::from(THUMBNAIL) + long / 2) / long).max(1) as u32;
        let (width, height) = (scaled(width), scaled(height));
        let mut bytes = Cursor::new(Vec::new());
        let small = picture.thumbnail_exact(width, height).to_rgb8();
        small.write_to(&mut bytes, ImageFormat::Jpeg).ok()?;
        Some(Thumbnail { bytes: bytes.into_inner().into(), width, height })
    }
}

/// The first frame, whatever the format.
fn decode(bytes: &Bytes) -> Option<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED);
    reader.limits(limits);
    reader.decode().ok()
}

/// MD5 in lowercase hexadecimal.
pub(crate) fn md5(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(32);
    for byte in Md5::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// All pictures, one copy of each, and the MediaIds that lead to them.
pub(crate) struct Gallery {
    by_md5: HashMap<String, Arc<Picture>>,
    by_media_id: HashMap<String, Media>,
    /// A MediaId of a picture nobody uploaded: what the rate-limited server hands out.
    foreign: String,
}

/// What a MediaId stands for.
#[derive(Clone)]
pub(crate) struct Media {
    pub(crate) picture: Arc<Picture>,
    pub(crate) name: String,
}

impl Gallery {
    pub(crate) fn new() -> Self {
        let foreign = format!("@crypt_{}_{}", random::hex(8), random::hex(160));
        let media = Media { picture: Arc::new(foreign_picture()), name: "foreign.png".to_owned() };
        let by_media_id = HashMap::from([(foreign.clone(), media)]);
        Gallery { by_md5: HashMap::new(), by_media_id, foreign }
    }

    /// Keeps a picture, unless it is here already.
    pub(crate) fn keep(&mut self, picture: Picture) -> Arc<Picture> {
        self.by_md5.entry(picture.md5.clone()).or_insert_with(|| Arc::new(picture)).clone()
    }

    /// A new MediaId for a picture.
    pub(crate) fn hand_out(&mut self, picture: Arc<Picture>, name: &str) -> String {
        let media_id = format!("@crypt_{}_{}", random::hex(8), random::hex(640));
        self.by_media_id.insert(media_id.clone(), Media { picture, name: name.to_owned() });
        media_id
    }

    pub(crate) fn media(&self, media_id: &str) -> Option<Media> {
        self.by_media_id.get(media_id).cloned()
    }

    pub(crate) fn with_md5(&self, md5: &str) -> Option<Arc<Picture>> {
        self.by_md5.get(md5).cloned()
    }

    pub(crate) fn foreign(&self) -> String {
        self.foreign.clone()
    }
}

fn foreign_picture() -> Picture {
    let mut bytes = Cursor::new(Vec::new());
    let picture =
        image::RgbImage::from_fn(12, 9, |x, y| image::Rgb([x as u8 * 20, y as u8 * 25, 0]));
    // Writing to memory cannot fail; an empty picture would still be a foreign one.
    let _ = picture.write_to(&mut bytes, ImageFormat::Png);
    Picture::new(bytes.into_inner().into())
}
