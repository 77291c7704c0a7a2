//! The content of an image, a video or a voice message: bytes that are held back until the first of
//! them show its format ([P19](crate::protocol#p19), [P20](crate::protocol#p20),
//! [P81](crate::protocol#p81)).

use bytes::{Bytes, BytesMut};

use super::TEXT_LIMIT;
use super::beginning::Beginning;
use crate::endpoint::download::DownloadHead;
use crate::endpoint::{get_msg_img, recording};
use crate::model::image_format::{ImageFormat, Sniffed, sniff};
use crate::model::recording_format::RecordingFormat;
use crate::model::reply_error::ReplyError;
use crate::wire::{repair, reply};

/// Media that is recognised by its first bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Recognisable {
    Image,
    Recording(RecordingFormat),
}

/// The bytes of one reply.
pub(super) struct RecognisedContent {
    expected: Recognisable,
    keep_unknown: bool,
    shown: Shown,
}

/// What the first bytes have shown.
enum Shown {
    /// Not enough bytes yet.
    Unknown(Beginning),
    /// The media, and the format of an image.
    Media(Option<ImageFormat>),
    /// JSON instead of the media, gathered for the Ret that it may hold.
    Json(BytesMut),
}

impl Recognisable {
    /// Recognises the media by its first bytes.
    fn recognise(self, first: &[u8]) -> Result<Option<ImageFormat>, ReplyError> {
        match self {
            Self::Image => get_msg_img::format(first).map(Some),
            Self::Recording(format) => recording::check(first, format).map(|()| None),
        }
    }

    /// Whether more bytes may be needed to recognise it.
    fn is_open(self, seen: &[u8]) -> bool {
        // White space may precede a page or a refusal.
        let is_blank = seen.len() < ImageFormat::FIRST && repair::trimmed(seen).is_empty();
        is_blank || (self == Self::Image && matches!(sniff(seen), Sniffed::Beginning(_)))
    }
}

impl RecognisedContent {
    pub(super) fn new(
        expected: Recognisable,
        keep_unknown: bool,
        head: DownloadHead,
    ) -> Result<Self, ReplyError> {
        let shown = Shown::Unknown(Beginning::new());
        match head.is_bounded {
            true => Ok(Self { expected, keep_unknown, shown }),
            false => Err(ReplyError::NoLength),
        }
    }

    /// Takes the next bytes, which may be the last ones. Returns those to write.
    pub(super) fn offer(&mut self, piece: Bytes, last: bool) -> Result<Bytes, ReplyError> {
        match &mut self.shown {
            Shown::Media(_) => return Ok(piece),
            Shown::Json(text) if (text.len() + piece.len()) as u64 <= TEXT_LIMIT => {
                text.extend_from_slice(&piece)
            }
            // Longer than any refusal, so the rest is not received.
            Shown::Json(_) => return Err(ReplyError::Json),
            Shown::Unknown(beginning) => {
                let is_open = |seen: &[u8]| self.expected.is_open(seen);
                let Some(seen) = beginning.add(piece, last, is_open) else {
                    return Ok(Bytes::new());
                };
                self.shown = match self.expected.recognise(&seen) {
                    Ok(format) => Shown::Media(format),
                    Err(ReplyError::NotAnImage { .. } | ReplyError::NotARecording { .. })
                        if self.keep_unknown =>
                    {
                        Shown::Media(Some(ImageFormat::Unknown))
                    }
                    Err(ReplyError::Json) => Shown::Json(BytesMut::from(&seen[..])),
                    // A page or an unknown format, which no more bytes would change.
                    Err(error) => return Err(error),
                };
                if let Shown::Media(_) = self.shown {
                    return Ok(seen);
                }
            }
        }
        Ok(Bytes::new())
    }

    /// Returns the format of a complete image, or of anything that was kept without being
    /// recognised.
    pub(super) fn complete(&self) -> Result<Option<ImageFormat>, ReplyError> {
        match &self.shown {
            Shown::Media(format) => Ok(*format),
            Shown::Json(text) => Err(reply::json_error(text)),
            Shown::Unknown(_) => Err(ReplyError::Empty),
        }
    }
}
