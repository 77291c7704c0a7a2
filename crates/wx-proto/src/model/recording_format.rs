//! The formats in which the server sends recordings.

use std::fmt;

/// The format of a video or a voice message that is fetched ([P81](crate::protocol#p81)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordingFormat {
    /// MP4, the format of videos.
    Mp4,
    /// MP3, the format of voice messages.
    Mp3,
}

impl RecordingFormat {
    /// Returns the usual file name extension, without a dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mp3 => "mp3",
        }
    }
}

/// Formats the name in lower case, such as `mp4`.
impl fmt::Display for RecordingFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}
