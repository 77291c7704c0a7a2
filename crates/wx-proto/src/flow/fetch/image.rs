//! The content of an image: bytes that are held back until the first of them show its format
//! ([P19](crate::protocol#p19), [P20](crate::protocol#p20)).

use bytes::{Bytes, BytesMut};

use super::TEXT_LIMIT;
use super::beginning::Beginning;
use crate::endpoint::download::DownloadHead;
use crate::endpoint::get_msg_img;
use crate::model::first_bytes::FirstBytes;
use crate::model::image_format::{ImageFormat, Sniffed, sniff};
use crate::model::reply_error::ReplyError;
use crate::wire::{repair, reply};

/// The bytes of one reply.
pub(super) struct ImageContent {
    keep_unknown: bool,
    shown: Shown,
}

/// The content, according to the first bytes.
enum Shown {
    /// Not enough bytes yet.
    Unknown(Beginning),
    Image(ImageFormat),
    /// An unknown format, to be refused once it is complete.
    Other(FirstBytes),
    /// JSON instead of an image, collected for the Ret that it may contain.
    Json(BytesMut),
}

impl ImageContent {
    pub(super) fn new(keep_unknown: bool, head: DownloadHead) -> Result<Self, ReplyError> {
        let shown = Shown::Unknown(Beginning::new());
        if head.is_bounded { Ok(Self { keep_unknown, shown }) } else { Err(ReplyError::NoLength) }
    }

    /// Handles the next bytes, which may be the last ones. Returns those to write.
    pub(super) fn offer(&mut self, piece: Bytes, last: bool) -> Result<Bytes, ReplyError> {
        match &mut self.shown {
            Shown::Image(_) => return Ok(piece),
            Shown::Json(text) if (text.len() + piece.len()) as u64 <= TEXT_LIMIT => {
                text.extend_from_slice(&piece)
            }
            Shown::Json(_) | Shown::Other(_) => {}
            Shown::Unknown(beginning) => {
                let is_open = |seen: &[u8]| {
                    // White space may precede a page or a refusal.
                    let is_blank =
                        seen.len() < ImageFormat::FIRST && repair::trimmed(seen).is_empty();
                    is_blank || matches!(sniff(seen), Sniffed::Beginning(_))
                };
                let Some(seen) = beginning.add(piece, last, is_open) else {
                    return Ok(Bytes::new());
                };
                self.shown = match get_msg_img::format(&seen) {
                    Ok(format) => Shown::Image(format),
                    Err(ReplyError::NotAnImage { .. }) if self.keep_unknown => {
                        Shown::Image(ImageFormat::Unknown)
                    }
                    Err(ReplyError::NotAnImage { first }) => Shown::Other(first),
                    Err(ReplyError::Json) => Shown::Json(BytesMut::from(&seen[..])),
                    Err(error) => return Err(error),
                };
                if let Shown::Image(_) = self.shown {
                    return Ok(seen);
                }
            }
        }
        Ok(Bytes::new())
    }

    /// Returns the format of the complete image.
    pub(super) fn complete(&self) -> Result<ImageFormat, ReplyError> {
        match &self.shown {
            Shown::Image(format) => Ok(*format),
            Shown::Json(text) => Err(reply::json_error(text)),
            Shown::Other(first) => Err(ReplyError::NotAnImage { first: first.clone() }),
            Shown::Unknown(_) => Err(ReplyError::Empty),
        }
    }
}
