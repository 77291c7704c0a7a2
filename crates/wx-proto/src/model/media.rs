use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::media_format::MediaFormat;
use crate::model::media_kind::{LargeUpload, MediaKind};
use crate::model::policy::Policy;
use crate::model::profile::Profile;
use crate::model::unix_ms::UnixMs;

/// Media to send, as described in the upload forms. The bytes stay with the caller.
///
/// The first bytes decide the format, whatever the name says, and with it the MIME type and the
/// default kind. An MP4 is only sent as a video if its name ends in `.mp4`, because it may contain
/// nothing but sound ([P80](crate::protocol#p80)). Anything that web WeChat cannot send as an
/// image, an emoticon or a video is sent as a file.
///
/// ```
/// use wx_proto::{Media, MediaFormat};
///
/// let first = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb\0\x43";
/// let media = Media::new("holiday.png", 977_168, first)?;
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
    /// The file is larger than [`Policy::max_file`].
    TooLarge {
        /// The length in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The media is larger than the [`Policy`] allows for this kind. It can be sent as a
    /// [file](MediaKind::File).
    TooLargeForKind {
        /// The kind, which is not a file.
        kind: MediaKind,
        /// The length in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The media is larger than the profile accepts for its kind. Only kinds other than files have
    /// such a limit, on the File Transfer Helper ([§8.8](crate::protocol#s8-8)).
    TooLargeForProfile {
        /// The length in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file is not an image that web WeChat can send as one. It can be sent as a
    /// [file](MediaKind::File).
    NotAnImage(MediaFormat),
    /// Media in this format cannot be sent as this kind.
    WrongKind {
        /// The format.
        format: MediaFormat,
        /// The kind that was requested.
        kind: MediaKind,
    },
}

impl Media {
    /// Creates media of `len` bytes that begins with `first`:
    /// [`ImageFormat::FIRST`](crate::ImageFormat::FIRST) bytes, or all there are. If there are
    /// fewer, a JPEG is recognised by its visible part.
    ///
    /// `name` is a bare file name. An empty name becomes `image.` or `file.` and the extension of
    /// the format. Control characters become `_`, because a server may not be able to read a form
    /// with them, except for line breaks, which the form escapes ([P32](crate::protocol#p32)).
    ///
    /// Whether it is too large depends on its kind and on the [`Policy`], and is checked when it is
    /// sent.
    ///
    /// # Errors
    /// Returns [`MediaError::Empty`] if there are no bytes.
    pub fn new(name: impl Into<String>, len: u64, first: &[u8]) -> Result<Self, MediaError> {
        let format = MediaFormat::recognise(first, len);
        let name = readable_name(&name.into(), format);
        let kind = Some(format.kind()).filter(|kind| kind.is_named(&name));
        let kind = kind.unwrap_or(MediaKind::File);
        Self::from_saved(SavedMedia { name, len, format, kind, modified: None })
    }

    /// Restores saved media, with all checks of [`Media::new`] and [`Media::sent_as`].
    pub(crate) fn from_saved(mut saved: SavedMedia) -> Result<Self, MediaError> {
        if saved.len == 0 {
            return Err(MediaError::Empty);
        }
        saved.name = readable_name(&saved.name, saved.format);
        let kind = saved.kind;
        Self { saved, immutable: false }.sent_as(kind)
    }

    /// Sets the kind that it is sent as. The default depends on its [format](MediaFormat::kind).
    ///
    /// # Errors
    /// Returns [`MediaError::NotAnImage`] or [`MediaError::WrongKind`] if its format cannot be sent
    /// as that kind.
    pub fn sent_as(mut self, kind: MediaKind) -> Result<Self, MediaError> {
        let format = self.saved.format;
        if !format.can_be(kind) {
            let is_of_image = matches!(kind, MediaKind::Image | MediaKind::Emoticon);
            return Err(match is_of_image && !format.is_image() {
                true => MediaError::NotAnImage(format),
                false => MediaError::WrongKind { format, kind },
            });
        }
        self.saved.kind = kind;
        Ok(self)
    }

    /// Replaces the file name, with the same rules as [`Media::new`].
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.saved.name = readable_name(name, self.saved.format);
        self
    }

    /// Checks that it is an image, whatever kind it is sent as.
    ///
    /// # Errors
    /// Returns [`MediaError::NotAnImage`] if it is not.
    pub fn require_image(self) -> Result<Self, MediaError> {
        match self.saved.format {
            format if format.is_image() => Ok(self),
            format => Err(MediaError::NotAnImage(format)),
        }
    }

    /// Checks the limits of its kind.
    pub(crate) fn check(&self, profile: Profile, policy: &Policy) -> Result<(), MediaError> {
        let (len, kind) = (self.len(), self.saved.kind);
        let row = kind.row(profile);
        let limit = (row.largest)(policy);
        if len > limit {
            return Err(match kind {
                MediaKind::File => MediaError::TooLarge { len, limit },
                kind => MediaError::TooLargeForKind { kind, len, limit },
            });
        }
        let plain = policy.check_above;
        if len > plain && row.large == LargeUpload::Refused {
            return Err(MediaError::TooLargeForProfile { len, limit: plain });
        }
        Ok(())
    }

    /// Sets the time at which the file was last modified, which is sent in the form as
    /// `lastModifiedDate`.
    #[must_use]
    pub fn modified(mut self, time: UnixMs) -> Self {
        self.saved.modified = Some(time);
        self
    }

    /// Marks the bytes as immutable, so that chunks are not compared with their checksums. Do not
    /// use it for files that another process may write.
    #[must_use]
    pub fn immutable(mut self) -> Self {
        self.immutable = true;
        self
    }

    /// Returns the file name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.saved.name
    }

    /// Returns the file name in the forms: as in the browser, a name without an extension gets a
    /// dot ([§4.6](crate::protocol#s4-6)). A video that is named otherwise gets `.mp4`, because the
    /// official page sends no other name as a video.
    pub(crate) fn form_name(&self) -> Cow<'_, str> {
        match (self.name(), self.kind()) {
            (name, kind) if !kind.is_named(name) => {
                format!("{name}{}", kind.row(Profile::Web).extension).into()
            }
            (name, _) if name.contains('.') => name.into(),
            (name, _) => format!("{name}.").into(),
        }
    }

    /// Returns the length in bytes, which is never 0. (Media is never empty, so there is no
    /// `is_empty`.)
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> u64 {
        self.saved.len
    }

    /// Returns the format, as determined by the first bytes.
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

/// Returns a name that the form can contain.
fn readable_name(name: &str, format: MediaFormat) -> String {
    let unreadable = |c: char| c.is_ascii_control() && c != '\r' && c != '\n';
    let mut name = name.replace(unreadable, "_");
    if name.is_empty() {
        let stem = if format.is_image() { "image" } else { "file" };
        name = format!("{stem}.{}", format.extension());
    }
    name
}

impl fmt::Display for MediaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::TooLarge { len, limit } => {
                write!(f, "the file has {len} bytes, more than the limit of {limit}")
            }
            Self::TooLargeForKind { kind, len, limit } => {
                write!(
                    f,
                    "the {kind} has {len} bytes, more than the limit of {limit}; send it as file"
                )
            }
            Self::TooLargeForProfile { len, limit } => {
                write!(
                    f,
                    "the file has {len} bytes, more than the {limit} that the File Transfer \
                     Helper accepts for this kind; send it as file"
                )
            }
            Self::NotAnImage(MediaFormat::Other) => {
                f.write_str("the file is not an image in a known format; send it as file")
            }
            Self::NotAnImage(MediaFormat::Mp4) => {
                f.write_str("the file is a video, not a picture; send it as video or file")
            }
            Self::NotAnImage(format) => write!(
                f,
                "web WeChat does not send {format} as an image; convert it to jpeg or png, or \
                 send it as file"
            ),
            Self::WrongKind { format, kind: MediaKind::Video } => {
                let instead = format.kind();
                write!(f, "the file is not an mp4 video but a {format}; send it as {instead}")
            }
            Self::WrongKind { format, kind } => {
                let instead = format.kind();
                write!(f, "a {format} cannot be sent as {kind}; send it as {instead} or file")
            }
        }
    }
}

impl std::error::Error for MediaError {}

#[cfg(test)]
mod tests;
