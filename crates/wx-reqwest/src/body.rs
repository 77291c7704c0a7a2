use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http_body::{Frame, SizeHint};
use tokio::time::{Instant, timeout_at};
use wx_client::exchange_clock::ExchangeClock;
use wx_proto::bytes::Bytes;
use wx_proto::{Body, Limits};

/// The size of the pieces for hyper. hyper queues 16 pieces and polls for the next one as soon as
/// one is written, so [`ActivityClock`] notices every 32 KiB. With 4 KiB, a send takes 4 % longer.
const PIECE: usize = 32 * 1024;

/// The body of a request for hyper. It returns slices of the segments without copies, and has an
/// exact length. It can only be read once, so no layer below can send it twice.
pub(crate) struct BodyStream {
    current: Bytes,
    rest: <Body as IntoIterator>::IntoIter,
    left: u64,
    clock: ActivityClock,
}

impl BodyStream {
    pub(crate) fn new(body: Body, clock: ActivityClock) -> Self {
        Self { current: Bytes::new(), left: body.content_len(), rest: body.into_iter(), clock }
    }
}

impl http_body::Body for BodyStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.clock.record_poll();
        while self.current.is_empty() {
            match self.rest.next() {
                Some(next) => self.current = next,
                None => return Poll::Ready(None),
            }
        }
        let len = self.current.len().min(PIECE);
        let piece = self.current.split_to(len);
        self.left -= piece.len() as u64;
        let piece = Piece { bytes: piece, clock: self.clock.clone() };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_owner(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// A piece in hyper's queue. hyper drops it when it is written.
struct Piece {
    bytes: Bytes,
    clock: ActivityClock,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.clock.record_bytes(self.bytes.len());
    }
}

/// Tracks the activity of an exchange. The body of the request and the wait for the reply share it.
///
/// Bytes count when they are written to the system's buffers, which have room for up to 400 KiB of
/// a chunk. The stall time must be longer than the time to send these.
#[derive(Clone)]
pub(crate) struct ActivityClock(Arc<Mutex<Activity>>);

struct Activity {
    limits: Limits,
    /// The time at which the last byte moved.
    last: Instant,
    /// Whether the request's body was polled.
    begun: bool,
    clock: ExchangeClock,
}

impl ActivityClock {
    pub(crate) fn new(limits: Limits) -> Self {
        let now = Instant::now();
        let clock = ExchangeClock::start(limits, now.into_std());
        Self(Arc::new(Mutex::new(Activity { limits, last: now, begun: false, clock })))
    }

    fn lock(&self) -> MutexGuard<'_, Activity> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the request's body was polled.
    fn record_poll(&self) {
        let mut activity = self.lock();
        (activity.last, activity.begun) = (Instant::now(), true);
    }

    /// Records that bytes of a body have moved, or that a body has ended.
    pub(crate) fn record_bytes(&self, body_bytes: usize) {
        let mut activity = self.lock();
        activity.last = Instant::now();
        activity.clock.count(body_bytes as u64);
    }

    /// Returns whether the body was polled. In that case, there is a connection, and the head of
    /// the request is being sent.
    pub(crate) fn has_begun(&self) -> bool {
        self.lock().begun
    }

    /// Returns the deadline: the exchange is given up if no bytes are transferred before it.
    fn deadline(&self) -> Instant {
        let activity = self.lock();
        let stalled = activity.last + activity.limits.stall;
        activity.clock.due().map_or(stalled, |due| stalled.min(due.into()))
    }

    /// Waits for `future`. Returns `None` if a limit of the exchange is exceeded. Time between two
    /// such waits does not count.
    pub(crate) async fn wait<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        {
            let mut activity = self.lock();
            activity.last = Instant::now();
            activity.clock.resume(Instant::now().into_std());
        }
        loop {
            let output = timeout_at(self.deadline(), &mut future).await.ok();
            if output.is_some() || self.deadline() <= Instant::now() {
                self.lock().clock.pause(Instant::now().into_std());
                return output;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};
    use std::time::Duration;

    use http_body::Body as _;
    use tokio::time::sleep;
    use wx_proto::endpoint::Endpoint;
    use wx_proto::endpoint::js_login::JsLogin;
    use wx_proto::{Profile, Site};

    use super::*;

    const STALL: Duration = Duration::from_millis(300);

    fn limits() -> Limits {
        let site = Site::new(Profile::Web);
        let mut limits = JsLogin::new(wx_proto::UnixMs::new(1))
            .request(&wx_proto::Session::new(site.clone()))
            .unwrap()
            .limits();
        limits.stall = STALL;
        limits
    }

    /// Returns a body of ten pieces.
    fn body_of_ten_pieces(clock: &ActivityClock) -> BodyStream {
        let mut body = BodyStream::new(Body::empty(), clock.clone());
        body.current = Bytes::from(vec![1; 10 * PIECE]);
        body.left = 10 * PIECE as u64;
        body
    }

    async fn next(body: &mut BodyStream) -> Option<Frame<Bytes>> {
        poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await.map(|frame| frame.unwrap())
    }

    #[tokio::test]
    async fn a_body_that_moves_is_not_a_stall() {
        let clock = ActivityClock::new(limits());
        assert!(!clock.has_begun());
        let mut body = body_of_ten_pieces(&clock);
        let sending = async {
            let mut pieces = 0;
            while next(&mut body).await.is_some() {
                pieces += 1;
                sleep(STALL / 5).await;
            }
            pieces
        };
        assert_eq!(clock.wait(sending).await, Some(10));
        assert!(clock.has_begun());
    }

    #[tokio::test]
    async fn nothing_moves_or_the_time_is_over() {
        let began = Instant::now();
        assert_eq!(ActivityClock::new(limits()).wait(pending::<()>()).await, None);
        assert!(began.elapsed() >= STALL);
        let mut limits = limits();
        (limits.stall, limits.total) = (STALL * 100, Some(STALL / 10));
        assert_eq!(ActivityClock::new(limits).wait(pending::<()>()).await, None);
    }

    #[tokio::test]
    async fn pieces_count_once_they_are_written() {
        let clock = ActivityClock::new(limits());
        let mut body = body_of_ten_pieces(&clock);
        let at_first = clock.lock().clock.due();
        let queued = [next(&mut body).await, next(&mut body).await];
        assert_eq!(clock.lock().clock.due(), at_first, "they may wait in the client");
        drop(queued);
        assert!(clock.lock().clock.due() > at_first);
    }
}
