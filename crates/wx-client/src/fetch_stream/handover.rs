//! Passes the pieces of the media from the flow to the reader, one at a time.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use wx_proto::bytes::Bytes;

use crate::media_io::MediaIo;

/// A place for one piece. Clones share it.
///
/// The reader polls the future that writes, and takes the piece when that is pending. Therefore no
/// wake-up is needed: the future continues when the reader polls it for the next piece.
#[derive(Clone, Default)]
pub(super) struct Handover(Arc<Mutex<Place>>);

#[derive(Default)]
struct Place {
    piece: Bytes,
    /// The offset of the media after the last piece.
    end: u64,
}

impl Handover {
    /// Takes the piece that was written last, unless it was taken already.
    pub(super) fn take(&self) -> Option<Bytes> {
        Some(mem::take(&mut self.lock().piece)).filter(|piece| !piece.is_empty())
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MediaIo for Handover {
    /// Waits until the piece is taken.
    async fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        {
            let mut place = self.lock();
            // Otherwise the piece was already written by a call whose future was dropped.
            if at == place.end {
                place.end += bytes.len() as u64;
                place.piece = bytes;
            }
        }
        poll_fn(|_| match self.lock().piece.is_empty() {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_piece_is_passed_once_also_if_the_write_is_dropped_and_repeated() {
        let (mut writer, piece) = (Handover::default(), Bytes::from_static(b"one"));
        let reader = writer.clone();
        assert!(poll_once(writer.write(0, piece.clone())).is_pending());
        assert!(poll_once(writer.write(0, piece.clone())).is_pending());
        assert_eq!((reader.take().as_deref(), reader.take()), (Some(&b"one"[..]), None));
        assert!(poll_once(writer.write(0, piece)).is_ready(), "it was taken");
        assert_eq!(reader.take(), None);
        assert!(poll_once(writer.write(3, Bytes::from_static(b"two"))).is_pending());
        assert_eq!(reader.take().as_deref(), Some(&b"two"[..]));
    }
}
