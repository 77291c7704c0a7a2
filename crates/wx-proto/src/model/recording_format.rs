//! The formats in which the server sends recordings.

use std::fmt;

use crate::model::image_format::{Sniffed, sniff};

/// The format of a video or a voice message that is fetched ([P81](crate::protocol#p81)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordingFormat {
    /// MP4, the format of videos. QuickTime, which programs play as MP4, counts as MP4.
    Mp4,
    /// MP3, the format of voice messages.
    Mp3,
}

/// The boxes that a QuickTime file can begin with. Older ones have no `ftyp` box, and a camera
/// writes the index, `moov`, before or after the data.
const QUICK_TIME: [&[u8; 4]; 6] = [b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];

impl RecordingFormat {
    /// Recognises a recording by its first bytes, of which 24 suffice. Returns `None` if the format
    /// is unknown.
    ///
    /// An MP4 begins with an `ftyp` box, whose brand is ignored unless it is that of an image, or
    /// with another box of QuickTime. An MP3 begins with an ID3 tag or with the header of a frame
    /// of layer III.
    ///
    /// ```
    /// use wx_proto::RecordingFormat;
    ///
    /// let format = RecordingFormat::from_first_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0isommp42");
    /// assert_eq!(format, Some(RecordingFormat::Mp4));
    /// ```
    #[must_use]
    pub fn from_first_bytes(first: &[u8]) -> Option<Self> {
        let mp4 = is_mp4(first).then_some(Self::Mp4);
        mp4.or_else(|| is_mp3(first).then_some(Self::Mp3))
    }

    /// Returns the usual file name extension, without a dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mp3 => "mp3",
        }
    }
}

fn is_mp4(first: &[u8]) -> bool {
    let [a, b, c, d, kind @ ..] = first else { return false };
    let len = u32::from_be_bytes([*a, *b, *c, *d]);
    let is_kind = |known: &[u8; 4]| kind.starts_with(known);
    match len {
        // The header and the major brand.
        12.. if is_kind(b"ftyp") => !matches!(sniff(first), Sniffed::Image(_)),
        // A box without contents, one whose length follows its type, or one up to the end.
        8.. | 0 | 1 => QUICK_TIME.into_iter().any(is_kind),
        _ => false,
    }
}

fn is_mp3(first: &[u8]) -> bool {
    match first {
        [b'I', b'D', b'3', ..] => true,
        // The version 1 is reserved.
        [0xff, bits, ..] => bits >> 5 == 0b111 && bits >> 3 & 3 != 1 && bits >> 1 & 3 == 1,
        _ => false,
    }
}

/// Formats the name in lower case, such as `mp4`.
impl fmt::Display for RecordingFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(first: &[&[u8]], format: Option<RecordingFormat>) {
        for first in first {
            assert_eq!(RecordingFormat::from_first_bytes(first), format, "{first:x?}");
        }
    }

    #[test]
    fn p81_a_video_is_whatever_a_player_plays_as_mp4() {
        let videos: [&[u8]; 12] = [
            b"\0\0\0\x18ftypmp42\0\0\0\0isommp42",
            b"\0\0\0\x14ftypqt  \0\0\x02\0qt  \0\0\0\x08wide",
            b"\0\0\0\x18ftyp3gp5\0\0\0\x013gp5isom",
            b"\0\0\0\x0cftypwxyz",
            // QuickTime without brands: the index first, or the data first.
            b"\0\0\x12\x34moov\0\0\0\x6cmvhd",
            b"<\0\0\0moov",
            b"\0\0\0\x08wide\0\x17\x39\xb4mdat",
            b"\0\0\0\x08skip",
            b"\0\0\0\x08free",
            b"\0\0\0\x14pnot",
            // The length of the data is in 64 bits, or is not written.
            b"\0\0\0\x01mdat\0\0\0\0\0\x17\x39\xb4",
            b"\0\0\0\0mdat",
        ];
        check(&videos, Some(RecordingFormat::Mp4));
        let others: [&[u8]; 8] = [
            // Images in the same container.
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            b"\0\0\0\x18ftypavif\0\0\0\0avifmif1",
            // Boxes without room for what they have to contain.
            b"\0\0\0\x08ftyp\0\0\0\0isom",
            b"\0\0\0\x07moov",
            b"\0\0\0\x08moof",
            b"\0\0\0\x18ftyx",
            b"\0\0\0\x18",
            b"",
        ];
        check(&others, None);
    }

    #[test]
    fn p81_an_mp3_by_its_first_bytes() {
        let recordings: [&[u8]; 4] =
            [b"ID3\x04", b"\xff\xfb\x90\0", b"\xff\xf3\x40", b"\xff\xe2\x10"];
        check(&recordings, Some(RecordingFormat::Mp3));
        // AAC, layers I and II, a reserved version, other formats of voice messages, and too few
        // bytes.
        let others: [&[u8]; 8] = [
            b"\xff\xf1\x50",
            b"\xff\xff",
            b"\xff\xfd",
            b"\xff\xeb",
            b"#!SILK_V3",
            b"#!AMR\n",
            b"\xff",
            b"ID",
        ];
        check(&others, None);
    }
}
