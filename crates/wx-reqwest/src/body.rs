use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, timeout_at};
use wx_proto::Body;

/// The largest piece handed to hyper at once. hyper queues up to 16 of them, so this also bounds how far the clock of
/// [`Moved`] runs ahead of the socket.
const PIECE: usize = 16 * 1024;

/// A request's body for hyper: pieces of the segments, not copies, and an exact length. It can be read once only, so
/// nobody below can send it a second time.
pub(crate) struct Segments {
    current: Bytes,
    rest: std::vec::IntoIter<Bytes>,
    left: u64,
    moved: Moved,
}

impl Segments {
    pub(crate) fn new(body: Body, moved: Moved) -> Self {
        Self { current: Bytes::new(), left: body.content_len(), rest: body.into_iter(), moved }
    }
}

impl http_body::Body for Segments {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.moved.note();
        while self.current.is_empty() {
            match self.rest.next() {
                Some(next) => self.current = next,
                None => return Poll::Ready(None),
            }
        }
        let len = self.current.len().min(PIECE);
        let piece = self.current.split_to(len);
        self.left -= piece.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// When a byte moved last, shared by a request's body and whoever waits for its answer.
#[derive(Clone)]
pub(crate) struct Moved(Arc<Mutex<(Instant, bool)>>);

impl Moved {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new((Instant::now(), false))))
    }

    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), true);
    }

    fn last(&self) -> Instant {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Whether the body was asked for: a connection was there and the request's head was on its way.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    /// Waits for `future` as long as something moves; `None` when nothing did for `stall`, or at `deadline`.
    pub(crate) async fn wait<T>(
        &self,
        future: impl Future<Output = T>,
        stall: Duration,
        deadline: Option<Instant>,
    ) -> Option<T> {
        let mut future = std::pin::pin!(future);
        loop {
            let stalled = self.last() + stall;
            let due = deadline.map_or(stalled, |deadline| deadline.min(stalled));
            if let Ok(output) = timeout_at(due, &mut future).await {
                return Some(output);
            }
            if deadline == Some(due) || self.last() + stall == due {
                return None;
            }
        }
    }
}
