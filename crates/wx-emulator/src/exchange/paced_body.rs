//! The body of a reply, which can be slow, padded with spaces, or truncated.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// The server closes the connection, without a reply or in the middle of one.
#[derive(Debug)]
pub(crate) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

const BLANKS: &[u8] = &[b' '; 64 * 1024];
const BETWEEN_STEPS: Duration = Duration::from_millis(5);
/// The wait before the connection is closed, so that the bytes already written are sent.
const BEFORE_TRUNCATION: Duration = Duration::from_millis(50);

/// The pace of a body.
#[derive(Default)]
pub(crate) struct Pace {
    /// The length up to which the body is padded with spaces.
    pub(crate) padded_to: Option<u64>,
    /// The number of bytes after which the connection is closed.
    pub(crate) truncate_at: Option<u64>,
    /// The number of bytes that are sent at once.
    pub(crate) step: Option<usize>,
    /// Whether the body is sent in chunks, without announcing its length.
    pub(crate) is_chunked: bool,
}

/// A body that is sent at a given pace.
pub(crate) struct PacedBody {
    bytes: Bytes,
    /// The number of bytes still to be sent. After the end of `bytes`, spaces are sent.
    left: u64,
    /// The number of bytes that are announced but never sent.
    missing: u64,
    is_truncated: bool,
    is_chunked: bool,
    step: Option<usize>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl PacedBody {
    pub(crate) fn new(bytes: Bytes, pace: &Pace) -> Self {
        let length = pace.padded_to.unwrap_or(bytes.len() as u64);
        PacedBody {
            bytes,
            left: pace.truncate_at.map_or(length, |at| at.min(length)),
            missing: pace.truncate_at.map_or(0, |at| length.saturating_sub(at)),
            is_truncated: pace.truncate_at.is_some(),
            is_chunked: pace.is_chunked,
            step: pace.step,
            pause: None,
        }
    }

    /// Returns the announced length.
    pub(crate) fn announced_len(&self) -> u64 {
        self.left + self.missing
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
            if self.left == 0 && self.is_truncated {
                return Poll::Ready(Some(Err(Dropped)));
            }
        }
        if self.left == 0 {
            if !self.is_truncated {
                return Poll::Ready(None);
            }
            let mut pause = Box::pin(sleep(BEFORE_TRUNCATION));
            let polled = pause.as_mut().poll(cx);
            self.pause = Some(pause);
            return polled.map(|()| Some(Err(Dropped)));
        }
        if self.bytes.is_empty() {
            self.bytes = Bytes::from_static(BLANKS);
        }
        let length = (self.bytes.len() as u64)
            .min(self.left)
            .min(self.step.map_or(u64::MAX, |step| step as u64));
        let piece = self.bytes.split_to(length as usize);
        self.left -= length;
        if self.step.is_some() {
            self.pause = Some(Box::pin(sleep(BETWEEN_STEPS)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && !self.is_truncated && !self.is_chunked
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_chunked {
            SizeHint::default()
        } else {
            SizeHint::with_exact(self.announced_len())
        }
    }
}
