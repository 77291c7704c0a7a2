use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::activity::Activity;

/// The maximum length of a piece for hyper, so that sent bytes are counted in small steps.
const PIECE: usize = 16 * 1024;

/// The body of a request for hyper, with an exact length.
pub(crate) struct RequestBody {
    current: Bytes,
    rest: <wx_proto::Body as IntoIterator>::IntoIter,
    left: u64,
    activity: Activity,
}

impl RequestBody {
    pub(crate) fn new(body: wx_proto::Body, activity: Activity) -> Self {
        Self { current: Bytes::new(), left: body.content_len(), rest: body.into_iter(), activity }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        while self.current.is_empty() {
            match self.rest.next() {
                Some(next) => self.current = next,
                None => return Poll::Ready(None),
            }
        }
        let len = self.current.len().min(PIECE);
        let piece = self.current.split_to(len);
        self.left -= len as u64;
        self.activity.count(len);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
