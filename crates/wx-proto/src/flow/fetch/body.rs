//! The body of a reply: takes raw bytes and returns checked bytes of the media
//! ([P19](crate::protocol#p19)–[P21](crate::protocol#p21), [P76](crate::protocol#p76),
//! [P81](crate::protocol#p81)).

use bytes::Bytes;
use http::response::Parts;

use super::file::FileContent;
use super::recognised::{Recognisable, RecognisedContent};
use super::target::{Expected, ExpectedContent};
use crate::endpoint::download;
use crate::endpoint::download::{DownloadHead, Whole};
use crate::model::md5::Md5Hasher;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::uploaded::Fetched;
use crate::wire::inflate::{Inflate, InflateError};

/// The body of one reply.
pub(super) struct Body {
    head: DownloadHead,
    cap: u64,
    /// Raw bytes received.
    received: u64,
    inflate: Option<Inflate>,
    /// Raw bytes received and not inflated yet.
    raw: Bytes,
    ended: bool,
    content: Content,
    md5: Md5Hasher,
    /// Bytes that the sink has written.
    stored: u64,
    /// The bytes that the sink has to write next.
    pending: Bytes,
}

/// The expected content.
enum Content {
    Recognised(RecognisedContent),
    File(FileContent),
}

/// The result of an input.
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
    /// Checks the head of a reply that has to hold what is expected.
    pub(super) fn new(
        expected: Expected,
        head: &Parts,
        policy: &Policy,
    ) -> Result<Self, ReplyError> {
        let Expected { content, limit: cap } = expected;
        let whole = match content {
            ExpectedContent::Recognisable(Recognisable::Recording(_)) => Whole::OkOrRange,
            ExpectedContent::Recognisable(Recognisable::Image) | ExpectedContent::File { .. } => {
                Whole::Ok
            }
        };
        let head = download::head(head.status, head.version, &head.headers, cap, whole)?;
        let content = match content {
            ExpectedContent::Recognisable(media) => {
                let keep_unknown = policy.keep_unknown;
                Content::Recognised(RecognisedContent::new(media, keep_unknown, head)?)
            }
            ExpectedContent::File { len } => Content::File(FileContent::new(len, head, cap)?),
        };
        Ok(Self {
            head,
            cap,
            received: 0,
            inflate: head.gzip.then(|| Inflate::new(cap)),
            raw: Bytes::new(),
            ended: false,
            content,
            md5: Md5Hasher::new(),
            stored: 0,
            pending: Bytes::new(),
        })
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Returns the raw length, if it is known.
    pub(super) fn expected(&self) -> Option<u64> {
        match &self.content {
            Content::File(file) if !self.head.gzip => self.head.len.or(file.len()),
            Content::File(_) | Content::Recognised(_) => self.head.len,
        }
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

    /// Handles the last bytes of the reply.
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

    /// Passes to the sink those bytes that are no longer held back.
    fn offer(&mut self, piece: Bytes) -> Result<(), ReplyError> {
        self.pending = match &mut self.content {
            Content::Recognised(media) => media.offer(piece, self.ended)?,
            Content::File(file) => file.offer(piece)?,
        };
        Ok(())
    }

    fn inflating(&self, error: InflateError) -> Outcome {
        Outcome::Bad(ReplyError::inflating(error, self.cap, self.received))
    }

    fn complete(&self) -> Outcome {
        let format = match &self.content {
            Content::Recognised(media) => media.complete(),
            Content::File(file) => file.complete().map(|()| None),
        };
        match format {
            Ok(format) => {
                let md5 = self.md5.clone().finish();
                Outcome::Complete(Fetched { bytes: self.stored, md5, format })
            }
            Err(error) => Outcome::Bad(error),
        }
    }
}
