use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, timeout_at};
use wx_proto::Body;

/// The largest piece handed to hyper at once. hyper queues 16 of them and asks for the next as soon as one is written: so
/// every 32 KiB that leave show themselves to [`Moved`]. Smaller ones cost more: 4 KiB 4 % of a send.
const PIECE: usize = 32 * 1024;

/// A request's body for hyper: pieces of the segments, not copies, and an exact length. It can be read once only, so
/// nobody below can send it a second time.
pub(crate) struct Segments {
    current: Bytes,
    rest: <Body as IntoIterator>::IntoIter,
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
///
/// It sees a byte leave for the system's buffers, not for the network: 400 KiB of a chunk may wait there. A stall has to
/// be longer than a line needs for those.
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

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};

    use http_body::Body as _;
    use tokio::time::sleep;

    use super::*;

    const STALL: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_body_that_moves_is_no_stall() {
        let moved = Moved::new();
        assert!(!moved.has_begun());
        let mut body = Segments::new(Body::empty(), moved.clone());
        body.current = Bytes::from(vec![1; 10 * PIECE]);
        body.left = 10 * PIECE as u64;
        let sending = async {
            let mut pieces = 0;
            while poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.is_some() {
                pieces += 1;
                sleep(STALL / 5).await;
            }
            pieces
        };
        assert_eq!(moved.wait(sending, STALL, None).await, Some(10));
        assert!(moved.has_begun());
    }

    #[tokio::test]
    async fn nothing_moves_or_the_deadline_is_there() {
        let began = Instant::now();
        assert_eq!(Moved::new().wait(pending::<()>(), STALL, None).await, None);
        assert!(began.elapsed() >= STALL);
        let deadline = Instant::now() + STALL / 10;
        assert_eq!(Moved::new().wait(pending::<()>(), STALL * 100, Some(deadline)).await, None);
    }
}
