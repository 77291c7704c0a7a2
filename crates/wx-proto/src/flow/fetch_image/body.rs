//! The body of a picture's answer: raw bytes in, checked picture bytes out (P19–P21).

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};

use crate::endpoint::get_msg_img::{self, ImageHead};
use crate::flow::upload::hex;
use crate::picture::SNIFF;
use crate::wire::inflate::{Inflate, InflateError};
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
    /// The first bytes, until there are enough to tell what they are.
    first: BytesMut,
    format: Option<Format>,
    md5: Md5,
    /// Bytes of the picture that the sink has taken.
    stored: u64,
    /// What the sink is to take now.
    pending: Bytes,
}

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
            first: BytesMut::new(),
            format: None,
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

    /// Picture bytes on their way to the sink; held back until the first of them show a picture.
    fn offer(&mut self, piece: Bytes) -> Result<(), ReplyError> {
        if self.format.is_some() {
            self.pending = piece;
            return Ok(());
        }
        let enough = self.first.len() + piece.len() >= SNIFF || self.ended;
        if self.first.is_empty() && enough {
            // The usual case: nothing was held back, nothing is copied.
            self.format = Some(get_msg_img::format(&piece)?);
            self.pending = piece;
            return Ok(());
        }
        self.first.extend_from_slice(&piece);
        if enough {
            self.format = Some(get_msg_img::format(&self.first)?);
            self.pending = self.first.split().freeze();
        }
        Ok(())
    }

    fn inflating(&self, error: InflateError) -> Next {
        Next::Bad(ReplyError::inflating(error, self.cap, self.received))
    }

    fn whole(&self) -> Next {
        match self.format {
            Some(format) => Next::Whole(Fetched { bytes: self.stored, md5: hex(self.md5.clone()), format }),
            None => Next::Bad(ReplyError::Empty),
        }
    }
}
