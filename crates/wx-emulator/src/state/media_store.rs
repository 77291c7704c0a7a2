//! All uploaded or delivered files, and their MediaIds.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use image::ImageFormat;

use crate::model::media::MediaFile;
use crate::model::random;

/// The MD5 of an emoticon in the official page's own set. Its image here is made up.
const BUILT_IN: &str = "44682e637b75a3f5d6747d61dbd23a15";

/// The stored files. Each file is stored once.
pub(crate) struct MediaStore {
    by_md5: HashMap<String, Arc<MediaFile>>,
    /// The emoticons that can be sent by their MD5: those of messages, and the built-in one.
    emoticons: HashMap<String, Arc<MediaFile>>,
    /// The files of delivered messages, and the foreign image.
    by_media_id: HashMap<String, Media>,
    /// The files that clients have uploaded in the current login.
    uploads: HashMap<String, Media>,
    /// The MediaId of an image that no client has uploaded. A rate-limited server returns it.
    foreign: String,
}

/// The file of a MediaId.
#[derive(Clone)]
pub(crate) struct Media {
    pub(crate) file: Arc<MediaFile>,
    pub(crate) name: String,
    /// The `mediatype` of the upload. Empty for a file that no upload has completed.
    pub(crate) mediatype: String,
}

impl MediaStore {
    pub(crate) fn new() -> Self {
        let foreign = format!("@crypt_{}_{}", random::hex(8), random::hex(160));
        let media = Media {
            file: Arc::new(foreign_image()),
            name: "foreign.png".to_owned(),
            mediatype: String::new(),
        };
        let by_media_id = HashMap::from([(foreign.clone(), media)]);
        let built_in =
            MediaFile { md5: BUILT_IN.to_owned(), ..MediaFile::new(built_in_emoticon()) };
        let emoticons = HashMap::from([(BUILT_IN.to_owned(), Arc::new(built_in))]);
        let (by_md5, uploads) = (HashMap::new(), HashMap::new());
        MediaStore { by_md5, emoticons, by_media_id, uploads, foreign }
    }

    /// Stores a file, unless it is already stored.
    pub(crate) fn store(&mut self, file: MediaFile) -> Arc<MediaFile> {
        self.by_md5.entry(file.md5.clone()).or_insert_with(|| Arc::new(file)).clone()
    }

    /// Creates the MediaId of a file that is delivered in a message. It is valid in all logins.
    pub(crate) fn create_id(&mut self, file: Arc<MediaFile>, name: &str) -> String {
        let media = Media { file, name: name.to_owned(), mediatype: String::new() };
        let media_id = new_media_id();
        self.by_media_id.insert(media_id.clone(), media);
        media_id
    }

    /// Creates the MediaId of a file that was uploaded with this `mediatype`. It is valid in the
    /// current login.
    pub(crate) fn create_upload_id(
        &mut self,
        file: Arc<MediaFile>,
        name: &str,
        mediatype: &str,
    ) -> String {
        let (name, mediatype) = (name.to_owned(), mediatype.to_owned());
        let media_id = new_media_id();
        self.uploads.insert(media_id.clone(), Media { file, name, mediatype });
        media_id
    }

    /// Forgets the MediaIds of uploads, because a new login has begun.
    pub(crate) fn forget_uploads(&mut self) {
        self.uploads.clear();
    }

    pub(crate) fn media(&self, media_id: &str) -> Option<Media> {
        self.by_media_id.get(media_id).or_else(|| self.uploads.get(media_id)).cloned()
    }

    pub(crate) fn with_md5(&self, md5: &str) -> Option<Arc<MediaFile>> {
        self.by_md5.get(md5).cloned()
    }

    /// Makes the file of a sent or delivered emoticon known by its MD5.
    pub(crate) fn add_emoticon(&mut self, file: Arc<MediaFile>) {
        self.emoticons.entry(file.md5.clone()).or_insert(file);
    }

    pub(crate) fn emoticon(&self, md5: &str) -> Option<Arc<MediaFile>> {
        self.emoticons.get(md5).cloned()
    }

    pub(crate) fn foreign_id(&self) -> String {
        self.foreign.clone()
    }
}

fn new_media_id() -> String {
    format!("@crypt_{}_{}", random::hex(8), random::hex(640))
}

fn built_in_emoticon() -> Bytes {
    let mut bytes = Cursor::new(Vec::new());
    let image = image::RgbImage::from_pixel(4, 4, image::Rgb([90, 160, 60]));
    // Writing to memory cannot fail.
    let _ = image.write_to(&mut bytes, ImageFormat::Gif);
    bytes.into_inner().into()
}

fn foreign_image() -> MediaFile {
    let mut bytes = Cursor::new(Vec::new());
    let image = image::RgbImage::from_fn(12, 9, |x, y| image::Rgb([x as u8 * 20, y as u8 * 25, 0]));
    // Writing to memory cannot fail. Even an empty file would suffice as somebody else's image.
    let _ = image.write_to(&mut bytes, ImageFormat::Png);
    MediaFile::new(bytes.into_inner().into())
}
