use std::io;
use std::ops::Range;

use wx_proto::bytes::Bytes;

/// Reads and writes the caller's media for a blocking driver. `()` is for flows that transfer no
/// media.
pub trait MediaIo {
    /// Reads the bytes of `span`, or as many of them as exist.
    ///
    /// # Errors
    /// The error of the source.
    fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        let _ = span;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes `bytes` at offset `at`. Offset 0 starts over: previous contents are discarded.
    ///
    /// # Errors
    /// The error of the sink.
    fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        let _ = (at, bytes);
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl MediaIo for () {}

/// Adapts blocking media for the driver of a blocking transport. In an async runtime, it would
/// block the other tasks of its thread.
#[derive(Debug)]
pub struct Blocking<'a, M>(pub &'a mut M);

impl<M: MediaIo + Send> crate::media_io::MediaIo for Blocking<'_, M> {
    async fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        self.0.read(span)
    }

    async fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        self.0.write(at, bytes)
    }
}
