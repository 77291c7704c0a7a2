//! The body of an image reply: takes raw bytes and returns checked image bytes
//! ([P19](crate::protocol#p19)–[P21](crate::protocol#p21)).

use bytes::{Bytes, BytesMut};

use super::beginning::Beginning;
use crate::endpoint::get_msg_img;
use crate::endpoint::get_msg_img::ImageHead;
use crate::model::first_bytes::FirstBytes;
use crate::model::image_format::{ImageFormat, Sniffed, sniff};
use crate::model::md5::Md5Hasher;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::uploaded::Fetched;
use crate::wire::inflate::{Inflate, InflateError};
use crate::wire::{repair, reply};

/// The body of one reply.
pub(super) struct Body {
    head: ImageHead,
    cap: u64,
    keep_unknown: bool,
    /// Raw bytes received.
    received: u64,
    inflate: Option<Inflate>,
    /// Raw bytes received and not inflated yet.
    raw: Bytes,
    ended: bool,
    content: Content,
    md5: Md5Hasher,
    /// Image bytes that the sink has written.
    stored: u64,
    /// The bytes that the sink has to write next.
    pending: Bytes,
}

/// What the first bytes have shown.
enum Content {
    /// Not enough bytes yet.
    Unknown(Beginning),
    Image(ImageFormat),
    /// An unknown format, to be refused once it is complete.
    Other(FirstBytes),
    /// JSON instead of an image, gathered for the Ret that it may hold.
    Json(BytesMut),
}

/// JSON is gathered up to this many bytes; refusals are far shorter.
const JSON_LIMIT: usize = 64 * 1024;

/// What to do after an input.
pub(super) enum Outcome {
    /// Continue: something is pending, or more has to be received.
    More,
    Complete(Fetched),
    Bad(ReplyError),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.head.len {
            Some(len) => write!(f, "Body({} of {len} bytes)", self.received),
            None => write!(f, "Body({} bytes)", self.received),
        }
    }
}

impl Body {
    pub(super) fn new(head: ImageHead, policy: &Policy) -> Self {
        let cap = policy.max_fetch;
        Self {
            head,
            cap,
            keep_unknown: policy.keep_unknown,
            received: 0,
            inflate: head.gzip.then(|| Inflate::new(cap)),
            raw: Bytes::new(),
            ended: false,
            content: Content::Unknown(Beginning::new()),
            md5: Md5Hasher::new(),
            stored: 0,
            pending: Bytes::new(),
        }
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Returns the raw length, if it was announced.
    pub(super) fn expected(&self) -> Option<u64> {
        self.head.len
    }

    pub(super) fn pending(&self) -> Option<(u64, Bytes)> {
        (!self.pending.is_empty()).then(|| (self.stored, self.pending.clone()))
    }

    pub(super) fn stored(&mut self) -> Outcome {
        self.md5.update(&self.pending);
        self.stored += self.pending.len() as u64;
        self.pending = Bytes::new();
        self.advance()
    }

    pub(super) fn chunk(&mut self, bytes: Bytes) -> Outcome {
        self.received += bytes.len() as u64;
        if self.head.len.is_some_and(|len| self.received > len) {
            return Outcome::Bad(ReplyError::Truncated {
                expected: self.head.len,
                got: self.received,
            });
        }
        if self.received > self.cap {
            return Outcome::Bad(ReplyError::TooLarge { limit: self.cap });
        }
        self.raw = bytes;
        self.advance()
    }

    pub(super) fn end(&mut self) -> Outcome {
        if self.head.len.is_some_and(|len| self.received != len) {
            return Outcome::Bad(ReplyError::Truncated {
                expected: self.head.len,
                got: self.received,
            });
        }
        if self.received == 0 {
            return Outcome::Bad(ReplyError::Empty);
        }
        let Some(inflate) = &mut self.inflate else { return self.finish(Bytes::new()) };
        match inflate.finish() {
            Ok(rest) => self.finish(rest.into()),
            Err(error) => self.inflating(error),
        }
    }

    /// Takes the last bytes of the reply.
    fn finish(&mut self, rest: Bytes) -> Outcome {
        self.ended = true;
        match self.offer(rest) {
            Ok(()) if self.pending.is_empty() => self.complete(),
            Ok(()) => Outcome::More,
            Err(error) => Outcome::Bad(error),
        }
    }

    /// Processes the received bytes until something is pending or more is needed.
    fn advance(&mut self) -> Outcome {
        while self.pending.is_empty() && !self.raw.is_empty() {
            let piece = match &mut self.inflate {
                None => std::mem::take(&mut self.raw),
                Some(inflate) => match inflate.step(&mut self.raw) {
                    Ok(piece) => piece.into(),
                    Err(error) => return self.inflating(error),
                },
            };
            if let Err(error) = self.offer(piece) {
                return Outcome::Bad(error);
            }
        }
        if self.ended && self.pending.is_empty() { self.complete() } else { Outcome::More }
    }

    /// Passes bytes on to the sink. They are held back until the first of them identify an image.
    fn offer(&mut self, piece: Bytes) -> Result<(), ReplyError> {
        match &mut self.content {
            Content::Image(_) => self.pending = piece,
            Content::Json(text) if text.len() + piece.len() <= JSON_LIMIT => {
                text.extend_from_slice(&piece)
            }
            Content::Json(_) | Content::Other(_) => {}
            Content::Unknown(beginning) => {
                let is_open = |seen: &[u8]| {
                    // White space may precede a page or a refusal.
                    let is_blank =
                        seen.len() < ImageFormat::FIRST && repair::trimmed(seen).is_empty();
                    is_blank || matches!(sniff(seen), Sniffed::Beginning(_))
                };
                let Some(seen) = beginning.add(piece, self.ended, is_open) else { return Ok(()) };
                self.content = match get_msg_img::format(&seen) {
                    Ok(format) => Content::Image(format),
                    Err(ReplyError::NotAnImage { .. }) if self.keep_unknown => {
                        Content::Image(ImageFormat::Unknown)
                    }
                    Err(ReplyError::NotAnImage { first }) => Content::Other(first),
                    Err(ReplyError::Json) => Content::Json(BytesMut::from(&seen[..])),
                    Err(error) => return Err(error),
                };
                if let Content::Image(_) = self.content {
                    self.pending = seen;
                }
            }
        }
        Ok(())
    }

    fn inflating(&self, error: InflateError) -> Outcome {
        Outcome::Bad(ReplyError::inflating(error, self.cap, self.received))
    }

    fn complete(&self) -> Outcome {
        match &self.content {
            Content::Image(format) => Outcome::Complete(Fetched {
                bytes: self.stored,
                md5: self.md5.clone().finish(),
                format: *format,
            }),
            Content::Json(text) => Outcome::Bad(reply::verdict(text)),
            Content::Other(first) => Outcome::Bad(ReplyError::NotAnImage { first: first.clone() }),
            Content::Unknown(_) => Outcome::Bad(ReplyError::Empty),
        }
    }
}
