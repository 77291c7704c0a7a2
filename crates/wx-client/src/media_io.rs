//! Reads and writes the media of flows.

use std::io;
use std::ops::Range;

use wx_proto::bytes::Bytes;
use wx_proto::{Error, Media, Policy};

/// Reads and writes the caller's media for a driver. `()` does neither, for flows that transfer no
/// media.
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

    /// Writes `bytes` at offset `at`; offset 0 starts the media over.
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
    /// If the media cannot be read, or cannot be sent.
    fn media(&mut self, policy: &Policy) -> impl Future<Output = Result<Media, Error>> + Send;
}

/// The destination of media that a client fetches.
pub trait MediaSink: MediaIo {
    /// Whether a download into this sink can be restarted.
    fn is_restartable(&self) -> bool;

    /// Puts the written media in place, as the last step of a successful download.
    ///
    /// # Errors
    /// The error of the sink; nothing is kept in that case.
    fn finish(self) -> impl Future<Output = io::Result<()>> + Send;
}
