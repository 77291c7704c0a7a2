use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::image_format::{ImageFormat, SHORT, Sniffed, sniff};
use crate::model::media_kind::MediaKind;
use crate::model::policy::Policy;
use crate::model::profile::Profile;

/// A picture to send: what the forms say of it. The bytes stay with the caller.
///
/// The first bytes decide what it is, whatever its name says: type, MIME, `mediatype` and which
/// call sends it.
///
/// ```
/// use wx_proto::{ImageFormat, Picture, Policy};
///
/// let picture = Picture::new("holiday.png", 977_168, b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb\0\x43", &Policy::default())?;
/// assert_eq!(picture.format(), ImageFormat::Jpeg);
/// # Ok::<(), wx_proto::PictureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    about: SavedPicture,
    unchanging: bool,
}

/// What is saved of a picture; where its bytes come from is not known when it is taken up again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedPicture {
    name: String,
    pub(crate) len: u64,
    format: ImageFormat,
    kind: MediaKind,
    modified_ms: Option<u64>,
}

/// Why something cannot be sent as a picture. Decided before any request (P23).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureError {
    /// No bytes at all.
    Empty,
    /// More bytes than [`Policy::max_picture`].
    TooLarge {
        /// Its length in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Larger than what the profile takes of its kind: the File Transfer Helper, by this upload
    /// (§8.8).
    TooLargeForProfile {
        /// Its length in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The first bytes are of no picture.
    NotAPicture,
    /// A picture, but of a format that web WeChat does not send as one.
    Unsupported(ImageFormat),
    /// A picture that cannot be sent as this kind.
    WrongKind {
        /// What it is.
        format: ImageFormat,
        /// What it was to be sent as.
        kind: MediaKind,
    },
}

impl Picture {
    /// Creates a picture of `len` bytes that begins with `first`: [`ImageFormat::FIRST`] bytes, or
    /// all there are. With fewer than that, a JPEG is taken for one by what can be seen of it.
    ///
    /// `name` is a bare file name. As in the browser, a name without an extension gets a dot
    /// (§4.6); an empty one becomes `image.` and the format's extension. Control characters become
    /// `_`, but for the line breaks, which the form escapes (P32): a server may not be able to read
    /// a form with them.
    ///
    /// # Errors
    /// [`PictureError`] if it cannot be sent as a picture.
    pub fn new(
        name: impl Into<String>,
        len: u64,
        first: &[u8],
        policy: &Policy,
    ) -> Result<Self, PictureError> {
        check_len(len, policy)?;
        let format = match sniff(first) {
            Sniffed::Picture(format) => format,
            Sniffed::Beginning(format) if (first.len() as u64) < len && first.len() >= SHORT => {
                format
            }
            Sniffed::Beginning(_) | Sniffed::Nothing => return Err(PictureError::NotAPicture),
        };
        let (name, kind) = (name.into(), MediaKind::from_format(format));
        Self::from_saved(SavedPicture { name, len, format, kind, modified_ms: None }, policy)
    }

    /// Creates a picture as it was saved, with all that [`Picture::new`] and [`Picture::sent_as`]
    /// check.
    pub(crate) fn from_saved(
        mut about: SavedPicture,
        policy: &Policy,
    ) -> Result<Self, PictureError> {
        check_len(about.len, policy)?;
        about.name = form_name(&about.name, about.format);
        if MediaKind::from_format(about.format) == MediaKind::File {
            return Err(PictureError::Unsupported(about.format));
        }
        let kind = about.kind;
        Self { about, unchanging: false }.sent_as(kind)
    }

    /// Sets what it is sent as. By default a GIF is sent as an emoticon, and all else as an image.
    ///
    /// # Errors
    /// [`PictureError::WrongKind`] if its format cannot be sent as that.
    pub fn sent_as(mut self, kind: MediaKind) -> Result<Self, PictureError> {
        let format = self.about.format;
        if !kind.takes(format) {
            return Err(PictureError::WrongKind { format, kind });
        }
        self.about.kind = kind;
        Ok(self)
    }

    /// Refuses what the profile does not take.
    pub(crate) fn check(&self, profile: Profile) -> Result<(), PictureError> {
        match self.about.kind.row(profile).limit {
            Some(limit) if self.len() > limit => {
                Err(PictureError::TooLargeForProfile { len: self.len(), limit })
            }
            _ => Ok(()),
        }
    }

    /// Sets the time at which the file was last changed, in Unix milliseconds; the form's
    /// `lastModifiedDate` shows it.
    #[must_use]
    pub fn modified(mut self, unix_ms: u64) -> Self {
        self.about.modified_ms = Some(unix_ms);
        self
    }

    /// Says that its bytes cannot change while it is sent, as those in memory cannot: then chunks
    /// are not compared with what was digested. Of a file that others can write this is not true.
    #[must_use]
    pub fn unchanging(mut self) -> Self {
        self.unchanging = true;
        self
    }

    /// The file name as the form shows it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.about.name
    }

    /// The length in bytes; never 0. (A picture is never empty, so there is no `is_empty`.)
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        self.about.len
    }

    /// What it is, by its first bytes.
    #[must_use]
    pub fn format(&self) -> ImageFormat {
        self.about.format
    }

    /// What it is sent as.
    #[must_use]
    pub fn kind(&self) -> MediaKind {
        self.about.kind
    }

    pub(crate) fn modified_ms(&self) -> Option<u64> {
        self.about.modified_ms
    }

    pub(crate) fn is_unchanging(&self) -> bool {
        self.unchanging
    }

    pub(crate) fn saved(&self) -> &SavedPicture {
        &self.about
    }
}

/// Returns the name as the form can show it.
fn form_name(name: &str, format: ImageFormat) -> String {
    let unreadable = |c: char| c.is_ascii_control() && c != '\r' && c != '\n';
    let mut name = name.replace(unreadable, "_");
    if name.is_empty() {
        name = format!("image.{}", format.extension());
    } else if !name.contains('.') {
        name.push('.');
    }
    name
}

fn check_len(len: u64, policy: &Policy) -> Result<(), PictureError> {
    match len {
        0 => Err(PictureError::Empty),
        len if len > policy.max_picture => {
            Err(PictureError::TooLarge { len, limit: policy.max_picture })
        }
        _ => Ok(()),
    }
}

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::TooLarge { len, limit } => {
                write!(f, "the picture has {len} bytes, more than the limit of {limit}")
            }
            Self::TooLargeForProfile { len, limit } => {
                write!(
                    f,
                    "the picture has {len} bytes, more than the {limit} that the File Transfer Helper takes in this way"
                )
            }
            Self::NotAPicture => {
                f.write_str("not a picture: its first bytes are of no known picture format")
            }
            Self::Unsupported(format) => {
                write!(
                    f,
                    "web WeChat does not send {format} as a picture; convert it to jpeg or png"
                )
            }
            Self::WrongKind { format, kind: MediaKind::Image } => {
                let instead = MediaKind::from_format(*format);
                write!(f, "a {format} is not sent as an image; send it as {instead} or file")
            }
            Self::WrongKind { format, kind } => {
                write!(f, "a {format} is not sent as {kind}; send it as image or file")
            }
        }
    }
}

impl std::error::Error for PictureError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, first: &[u8]) -> Result<Picture, PictureError> {
        Picture::new(name, first.len() as u64, first, &Policy::default())
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
            let format = ImageFormat::from_first_bytes(first).unwrap();
            let media_type = |kind: MediaKind| kind.row(Profile::Web).media_type;
            assert_eq!(media_type(MediaKind::from_format(format)), expected, "{name}");
            if let Ok(picture) = new("named.pdf", first) {
                assert_eq!((picture.name(), media_type(picture.kind())), ("named.pdf", expected));
            }
        }
    }

    #[test]
    fn p23_what_cannot_be_sent_is_refused_at_once() {
        assert_eq!(new("a.jpg", b""), Err(PictureError::Empty));
        assert_eq!(new("a.jpg", b"just some text"), Err(PictureError::NotAPicture));
        assert_eq!(
            new("a.jpg", b"RIFF....WEBPVP8 "),
            Err(PictureError::Unsupported(ImageFormat::Webp))
        );
        let limit = Policy::default().max_picture;
        assert_eq!(limit, 20_971_520);
        assert!(Picture::new("a", limit, JPEG, &Policy::default()).is_ok());
        let refused = Picture::new("a", limit + 1, JPEG, &Policy::default());
        assert_eq!(refused, Err(PictureError::TooLarge { len: limit + 1, limit }));
        assert_eq!(new("noext", JPEG).unwrap().name(), "noext.");
        assert_eq!(new("", JPEG).unwrap().name(), "image.jpg");
        assert_eq!(new("\x1b[31m\t\x7f\0\r\n.jpg", JPEG).unwrap().name(), "_[31m___\r\n.jpg");
    }

    #[test]
    fn a_jpeg_with_a_long_first_segment_is_told_by_as_many_bytes_as_there_are() {
        let mut jpeg = b"\xff\xd8\xff\xe1\x80\0Exif".to_vec();
        jpeg.resize(4 + 0x8000, b' ');
        let new =
            |len: usize, first: &[u8]| Picture::new("a", len as u64, first, &Policy::default());
        assert!(new(40_000, &jpeg[..64]).is_ok());
        assert_eq!(new(64, &jpeg[..64]), Err(PictureError::NotAPicture), "it ends there");
        assert_eq!(new(40_000, &jpeg[..3]), Err(PictureError::NotAPicture));
        jpeg.extend(b"no marker");
        assert_eq!(new(jpeg.len(), &jpeg), Err(PictureError::NotAPicture));
    }
}
