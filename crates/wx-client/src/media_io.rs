//! Traits to read and write the media of flows.

use std::io;
use std::ops::Range;

use wx_proto::bytes::Bytes;
use wx_proto::{Error, Media};

/// Reads and writes the caller's media for a driver. `()` is for flows that transfer no media.
///
/// Both methods have to be cancel safe: if their future is dropped, the same call is made again.
pub trait MediaIo: Send {
    /// Reads the bytes of `span`, or as many of them as exist.
    ///
    /// # Errors
    /// The error of the source.
    fn read(&mut self, span: Range<u64>) -> impl Future<Output = io::Result<Bytes>> + Send {
        let _ = span;
        async { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// Writes `bytes` at offset `at`. Offset 0 starts over: previous contents are discarded.
    ///
    /// # Errors
    /// The error of the sink.
    fn write(&mut self, at: u64, bytes: Bytes) -> impl Future<Output = io::Result<()>> + Send {
        let _ = (at, bytes);
        async { Err(io::ErrorKind::Unsupported.into()) }
    }
}

impl MediaIo for () {}

/// Media that a client sends.
pub trait MediaSource: MediaIo {
    /// Returns the description of the media for the forms: name, length, format and time.
    ///
    /// # Errors
    /// If the media is empty or cannot be read.
    fn media(&mut self) -> impl Future<Output = Result<Media, Error>> + Send;
}

/// The destination of media that a client fetches.
pub trait MediaSink: MediaIo {
    /// Returns whether a download into this sink can be restarted.
    fn is_restartable(&self) -> bool;

    /// Completes the media, as the last step of a successful download. If nothing was written
    /// before, because there is [no picture](crate::Client::fetch_avatar), nothing may be kept.
    ///
    /// # Errors
    /// The error of the sink; nothing is kept in that case.
    fn finish(self) -> impl Future<Output = io::Result<()>> + Send;
}
