//! Where media is read from and written to.

use std::io;
use std::ops::Range;

use wx_proto::bytes::Bytes;
use wx_proto::{Error, Media, Policy};

/// Reads and writes the caller's media for a driver. `()` does neither, for flows that transfer no
/// media.
///
/// Both methods must tolerate that their future is dropped and the same call is made again.
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

/// What a client sends.
pub trait MediaSource: MediaIo {
    /// Returns what the forms say about the media: name, length, format and time.
    ///
    /// # Errors
    /// If it cannot be read, or cannot be sent.
    fn media(&mut self, policy: &Policy) -> impl Future<Output = Result<Media, Error>> + Send;
}

/// What a client fetches into.
pub trait MediaSink: MediaIo {
    /// Whether a download can be restarted in it.
    fn is_restartable(&self) -> bool;

    /// Keeps what was written. This is the last step of a successful download.
    ///
    /// # Errors
    /// The error of the sink; nothing is kept then.
    fn finish(self) -> impl Future<Output = io::Result<()>> + Send;
}
