//! All uploaded or delivered files, and their MediaIds.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use image::ImageFormat;

use crate::model::media::MediaFile;
use crate::model::random;

/// The stored files. Each file is stored once.
pub(crate) struct MediaStore {
    by_md5: HashMap<String, Arc<MediaFile>>,
    by_media_id: HashMap<String, Media>,
    /// The MediaId of an image that no client has uploaded. A rate-limited server returns it.
    foreign: String,
}

/// The file of a MediaId.
#[derive(Clone)]
pub(crate) struct Media {
    pub(crate) file: Arc<MediaFile>,
    pub(crate) name: String,
}

impl MediaStore {
    pub(crate) fn new() -> Self {
        let foreign = format!("@crypt_{}_{}", random::hex(8), random::hex(160));
        let media = Media { file: Arc::new(foreign_image()), name: "foreign.png".to_owned() };
        let by_media_id = HashMap::from([(foreign.clone(), media)]);
        MediaStore { by_md5: HashMap::new(), by_media_id, foreign }
    }

    /// Stores a file, unless it is already stored.
    pub(crate) fn store(&mut self, file: MediaFile) -> Arc<MediaFile> {
        self.by_md5.entry(file.md5.clone()).or_insert_with(|| Arc::new(file)).clone()
    }

    /// Creates a new MediaId for a file.
    pub(crate) fn create_id(&mut self, file: Arc<MediaFile>, name: &str) -> String {
        let media_id = format!("@crypt_{}_{}", random::hex(8), random::hex(640));
        self.by_media_id.insert(media_id.clone(), Media { file, name: name.to_owned() });
        media_id
    }

    pub(crate) fn media(&self, media_id: &str) -> Option<Media> {
        self.by_media_id.get(media_id).cloned()
    }

    pub(crate) fn with_md5(&self, md5: &str) -> Option<Arc<MediaFile>> {
        self.by_md5.get(md5).cloned()
    }

    pub(crate) fn foreign_id(&self) -> String {
        self.foreign.clone()
    }
}

fn foreign_image() -> MediaFile {
    let mut bytes = Cursor::new(Vec::new());
    let image = image::RgbImage::from_fn(12, 9, |x, y| image::Rgb([x as u8 * 20, y as u8 * 25, 0]));
    // Writing to memory cannot fail. Even an empty file would suffice as somebody else's image.
    let _ = image.write_to(&mut bytes, ImageFormat::Png);
    MediaFile::new(bytes.into_inner().into())
}
