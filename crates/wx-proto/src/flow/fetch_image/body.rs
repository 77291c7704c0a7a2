//! The body of a picture's answer: raw bytes in, checked picture bytes out (P19–P21).

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};

use crate::endpoint::get_msg_img::{self, ImageHead};
use crate::picture::SNIFF;
use crate::wire::digest::hex;
use crate::wire::inflate::{Inflate, InflateError};
use crate::wire::reply;
use crate::{Fetched, Format, ReplyError};

/// One answer's body.
pub(super) struct Body {
    head: ImageHead,
    cap: u64,
    /// Raw bytes that have come.
    received: u64,
    inflate: Option<Inflate>,
    /// Raw bytes that have come and are not inflated yet.
    raw: Bytes,
    ended: bool,
    content: Content,
    md5: Md5,
    /// Bytes of the picture that the sink has taken.
    stored: u64,
    /// What the sink is to take now.
    pending: Bytes,
}

/// What the first bytes have shown.
enum Content {
    /// Too few of them yet.
    Unknown(BytesMut),
    Picture(Format),
    /// JSON in the picture's place, gathered for the Ret that it may hold.
    Json(BytesMut),
}

/// JSON is gathered up to this many bytes; a verdict is far shorter.
const JSON_LIMIT: usize = 64 * 1024;

/// What to do after an input.
pub(super) enum Next {
    /// Go on: there is something pending, or more to pull.
    More,
    Whole(Fetched),
    Bad(ReplyError),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Body({} of {} bytes)", self.received, self.head.len)
    }
}

impl Body {
    pub(super) fn new(head: ImageHead, cap: u64) -> Self {
        Self {
            head,
            cap,
            received: 0,
            inflate: head.gzip.then(|| Inflate::new(cap)),
            raw: Bytes::new(),
            ended: false,
            content: Content::Unknown(BytesMut::new()),
            md5: Md5::new(),
            stored: 0,
            pending: Bytes::new(),
        }
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    pub(super) fn expected(&self) -> u64 {
        self.head.len
    }

    pub(super) fn pending(&self) -> Option<(u64, Bytes)> {
        (!self.pending.is_empty()).then(|| (self.stored, self.pending.clone()))
    }

    pub(super) fn stored(&mut self) -> Next {
        self.md5.update(&self.pending);
        self.stored += self.pending.len() as u64;
        self.pending = Bytes::new();
        self.advance()
    }

    pub(super) fn chunk(&mut self, bytes: Bytes) -> Next {
        self.received += bytes.len() as u64;
        if self.received > self.head.len {
            return Next::Bad(ReplyError::Cut { expected: Some(self.head.len), got: self.received });
        }
        self.raw = bytes;
        self.advance()
    }

    pub(super) fn end(&mut self) -> Next {
        if self.received != self.head.len {
            return Next::Bad(ReplyError::Cut { expected: Some(self.head.len), got: self.received });
        }
        let Some(inflate) = &mut self.inflate else { return self.finish(Bytes::new()) };
        match inflate.finish() {
            Ok(rest) => self.finish(rest.into()),
            Err(error) => self.inflating(error),
        }
    }

    /// The last bytes; then all has come.
    fn finish(&mut self, rest: Bytes) -> Next {
        self.ended = true;
        match self.offer(rest) {
            Ok(()) if self.pending.is_empty() => self.whole(),
            Ok(()) => Next::More,
            Err(error) => Next::Bad(error),
        }
    }

    /// Works on what has come until something is pending or more is needed.
    fn advance(&mut self) -> Next {
        while self.pending.is_empty() && !self.raw.is_empty() {
            let piece = match &mut self.inflate {
                None => std::mem::take(&mut self.raw),
                Some(inflate) => match inflate.step(&mut self.raw) {
                    Ok(piece) => piece.into(),
                    Err(error) => return self.inflating(error),
                },
            };
            if let Err(error) = self.offer(piece) {
                return Next::Bad(error);
            }
        }
        if self.ended && self.pending.is_empty() { self.whole() } else { Next::More }
    }

    /// Bytes on their way to the sink; held back until the first of them show a picture.
    fn offer(&mut self, piece: Bytes) -> Result<(), ReplyError> {
        match &mut self.content {
            Content::Picture(_) => self.pending = piece,
            Content::Json(text) if text.len() + piece.len() <= JSON_LIMIT => text.extend_from_slice(&piece),
            Content::Json(_) => {}
            Content::Unknown(first) => {
                // The usual case: the first piece is large enough, and nothing is copied.
                let seen = if first.is_empty() {
                    piece
                } else {
                    first.extend_from_slice(&piece);
                    first.split().freeze()
                };
                if seen.len() < SNIFF && !self.ended {
                    *first = BytesMut::from(&seen[..]);
                    return Ok(());
                }
                match get_msg_img::format(&seen) {
                    Err(ReplyError::Json) => self.content = Content::Json(BytesMut::from(&seen[..])),
                    format => {
                        self.content = Content::Picture(format?);
                        self.pending = seen;
                    }
                }
            }
        }
        Ok(())
    }

    fn inflating(&self, error: InflateError) -> Next {
        Next::Bad(ReplyError::inflating(error, self.cap, self.received))
    }

    fn whole(&self) -> Next {
        match &self.content {
            Content::Picture(format) => {
                Next::Whole(Fetched { bytes: self.stored, md5: hex(self.md5.clone()), format: *format })
            }
            Content::Json(text) => Next::Bad(reply::verdict(text)),
            Content::Unknown(_) => Next::Bad(ReplyError::Empty),
        }
    }
}
