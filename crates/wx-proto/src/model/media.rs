use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::image_format::ImageFormat;
use crate::model::media_format::MediaFormat;
use crate::model::media_kind::MediaKind;
use crate::model::policy::Policy;
use crate::model::profile::Profile;
use crate::model::unix_ms::UnixMs;

/// Media to send, as described in the upload forms. The bytes stay with the caller.
///
/// The first bytes decide the format, whatever the name says, and with it the MIME type, the
/// `mediatype` and the call that sends it.
///
/// ```
/// use wx_proto::{MediaFormat, Media, Policy};
///
/// let first = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb\0\x43";
/// let media = Media::new("holiday.png", 977_168, first, &Policy::default())?;
/// assert_eq!(media.format(), MediaFormat::Jpeg);
/// # Ok::<(), wx_proto::MediaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    saved: SavedMedia,
    immutable: bool,
}

/// The saved part of a [`Media`]. The source of the bytes is not known when it is resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedMedia {
    name: String,
    pub(crate) len: u64,
    format: MediaFormat,
    kind: MediaKind,
    #[serde(rename = "modified_ms")]
    modified: Option<UnixMs>,
}

/// Why a file cannot be sent. It is refused before any request ([P23](crate::protocol#p23)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaError {
    /// The file is empty.
    Empty,
    /// The file is larger than [`Policy::max_upload`].
    TooLarge {
        /// The length in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file is larger than the profile accepts for its kind. Only the File Transfer Helper has
    /// such a limit ([§8.8](crate::protocol#s8-8)).
    TooLargeForProfile {
        /// The length in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The first bytes are not those of an image in a known format.
    NotAnImage,
    /// Web WeChat does not send images in this format.
    Unsupported(ImageFormat),
    /// Media in this format cannot be sent as this kind.
    WrongKind {
        /// The format.
        format: MediaFormat,
        /// The kind that was requested.
        kind: MediaKind,
    },
}

impl Media {
    /// Creates media of `len` bytes that begins with `first`: [`ImageFormat::FIRST`] bytes, or all
    /// there are. If there are fewer, a JPEG is recognised by its visible part.
    ///
    /// `name` is a bare file name. As in the browser, a name without an extension gets a dot
    /// ([§4.6](crate::protocol#s4-6)). An empty name becomes `image.` and the extension of the
    /// format. Control characters become `_`, because a server may not be able to read a form with
    /// them, except for line breaks, which the form escapes ([P32](crate::protocol#p32)).
    ///
    /// # Errors
    /// Returns a [`MediaError`] if it cannot be sent.
    pub fn new(
        name: impl Into<String>,
        len: u64,
        first: &[u8],
        policy: &Policy,
    ) -> Result<Self, MediaError> {
        check_len(len, policy)?;
        let format = MediaFormat::recognise(first, len)
            .map_err(|other| other.map_or(MediaError::NotAnImage, MediaError::Unsupported))?;
        let name = name.into();
        let kind = format.kind();
        Self::from_saved(SavedMedia { name, len, format, kind, modified: None }, policy)
    }

    /// Restores saved media, with all checks of [`Media::new`] and [`Media::sent_as`].
    pub(crate) fn from_saved(mut saved: SavedMedia, policy: &Policy) -> Result<Self, MediaError> {
        check_len(saved.len, policy)?;
        saved.name = form_name(&saved.name, saved.format);
        let kind = saved.kind;
        Self { saved, immutable: false }.sent_as(kind)
    }

    /// Sets the kind that it is sent as. By default a GIF is sent as an emoticon, and everything
    /// else as an image.
    ///
    /// # Errors
    /// Returns [`MediaError::WrongKind`] if its format cannot be sent as that kind.
    pub fn sent_as(mut self, kind: MediaKind) -> Result<Self, MediaError> {
        let format = self.saved.format;
        if !format.can_be(kind) {
            return Err(MediaError::WrongKind { format, kind });
        }
        self.saved.kind = kind;
        Ok(self)
    }

    /// Checks the limit of the profile.
    pub(crate) fn check(&self, profile: Profile) -> Result<(), MediaError> {
        match self.saved.kind.row(profile).limit {
            Some(limit) if self.len() > limit => {
                Err(MediaError::TooLargeForProfile { len: self.len(), limit })
            }
            _ => Ok(()),
        }
    }

    /// Sets the time at which the file was last modified, which is sent in the form as
    /// `lastModifiedDate`.
    #[must_use]
    pub fn modified(mut self, time: UnixMs) -> Self {
        self.saved.modified = Some(time);
        self
    }

    /// Marks the bytes as immutable, so that chunks are not compared with what was hashed before.
    /// Do not use it for files that another process may write.
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.immutable = true;
        self
    }

    /// Returns the file name as in the form.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.saved.name
    }

    /// Returns the length in bytes, which is never 0. (Media is never empty, so there is no
    /// `is_empty`.)
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        self.saved.len
    }

    /// Returns the format, by the first bytes.
    #[must_use]
    pub fn format(&self) -> MediaFormat {
        self.saved.format
    }

    /// Returns the kind that it is sent as.
    #[must_use]
    pub fn kind(&self) -> MediaKind {
        self.saved.kind
    }

    pub(crate) fn modified_at(&self) -> Option<UnixMs> {
        self.saved.modified
    }

    pub(crate) fn is_immutable(&self) -> bool {
        self.immutable
    }

    pub(crate) fn saved(&self) -> &SavedMedia {
        &self.saved
    }
}

impl SavedMedia {
    pub(crate) fn shown_as(&self) -> (MediaKind, &str) {
        (self.kind, &self.name)
    }
}

/// Returns a name that the form can hold.
fn form_name(name: &str, format: MediaFormat) -> String {
    let unreadable = |c: char| c.is_ascii_control() && c != '\r' && c != '\n';
    let mut name = name.replace(unreadable, "_");
    if name.is_empty() {
        name = format!("image.{}", format.extension());
    } else if !name.contains('.') {
        name.push('.');
    }
    name
}

fn check_len(len: u64, policy: &Policy) -> Result<(), MediaError> {
    match len {
        0 => Err(MediaError::Empty),
        len if len > policy.max_upload => {
            Err(MediaError::TooLarge { len, limit: policy.max_upload })
        }
        _ => Ok(()),
    }
}

impl fmt::Display for MediaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::TooLarge { len, limit } => {
                write!(f, "the picture has {len} bytes, more than the limit of {limit}")
            }
            Self::TooLargeForProfile { len, limit } => {
                write!(
                    f,
                    "the picture has {len} bytes, more than the {limit} that the File Transfer \
                     Helper accepts for this kind"
                )
            }
            Self::NotAnImage => f.write_str("the file is not a picture in a known format"),
            Self::Unsupported(format) => {
                write!(
                    f,
                    "web WeChat does not send {format} as a picture; convert it to jpeg or png"
                )
            }
            Self::WrongKind { format, kind: MediaKind::Image } => {
                let instead = format.kind();
                write!(f, "a {format} cannot be sent as image; send it as {instead} or file")
            }
            Self::WrongKind { format, kind } => {
                write!(f, "a {format} cannot be sent as {kind}; send it as image or file")
            }
        }
    }
}

impl std::error::Error for MediaError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, first: &[u8]) -> Result<Media, MediaError> {
        Media::new(name, first.len() as u64, first, &Policy::default())
    }

    const JPEG: &[u8] = b"\xff\xd8\xff\xfe\0\x02\xff\xfe\0\x02\0\0";

    #[test]
    fn p31_the_bytes_decide_not_the_name() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/mediatype.json")).unwrap();
        for row in vector["rows"].as_array().unwrap() {
            let name = row["name"].as_str().unwrap();
            let first: &[u8] = match name.rsplit('.').next().unwrap().to_ascii_lowercase().as_str()
            {
                "jpg" | "jpeg" => JPEG,
                "png" => b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01",
                "bmp" => b"BM\x99\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
                "gif" => b"GIF89a\0\0\0\0\0\0\0",
                "webp" => b"RIFF\0\0\0\0WEBP",
                _ => continue,
            };
            let expected = row["mediatype"].as_str().unwrap();
            let media_type = |kind: MediaKind| kind.row(Profile::Web).media_type;
            let format = MediaFormat::recognise(first, first.len() as u64);
            // Anything that is not an image would be a file.
            let kind = format.map_or(MediaKind::File, MediaFormat::kind);
            assert_eq!(media_type(kind), expected, "{name}");
            if let Ok(media) = new("named.pdf", first) {
                assert_eq!((media.name(), media_type(media.kind())), ("named.pdf", expected));
            }
        }
    }

    #[test]
    fn p23_what_cannot_be_sent_is_refused_at_once() {
        assert_eq!(new("a.jpg", b""), Err(MediaError::Empty));
        assert_eq!(new("a.jpg", b"just some text"), Err(MediaError::NotAnImage));
        assert_eq!(
            new("a.jpg", b"RIFF....WEBPVP8 "),
            Err(MediaError::Unsupported(ImageFormat::Webp))
        );
        let limit = Policy::default().max_upload;
        assert_eq!(limit, 20_971_520);
        assert!(Media::new("a", limit, JPEG, &Policy::default()).is_ok());
        let refused = Media::new("a", limit + 1, JPEG, &Policy::default());
        assert_eq!(refused, Err(MediaError::TooLarge { len: limit + 1, limit }));
        assert_eq!(new("noext", JPEG).unwrap().name(), "noext.");
        assert_eq!(new("", JPEG).unwrap().name(), "image.jpg");
        assert_eq!(new("\x1b[31m\t\x7f\0\r\n.jpg", JPEG).unwrap().name(), "_[31m___\r\n.jpg");
    }

    #[test]
    fn a_jpeg_with_a_long_first_segment_is_told_by_as_many_bytes_as_there_are() {
        let mut jpeg = b"\xff\xd8\xff\xe1\x80\0Exif".to_vec();
        jpeg.resize(4 + 0x8000, b' ');
        let new = |len: usize, first: &[u8]| Media::new("a", len as u64, first, &Policy::default());
        assert!(new(40_000, &jpeg[..64]).is_ok());
        assert_eq!(new(64, &jpeg[..64]), Err(MediaError::NotAnImage), "it ends there");
        assert_eq!(new(40_000, &jpeg[..3]), Err(MediaError::NotAnImage));
        jpeg.extend(b"no marker");
        assert_eq!(new(jpeg.len(), &jpeg), Err(MediaError::NotAnImage));
    }
}
