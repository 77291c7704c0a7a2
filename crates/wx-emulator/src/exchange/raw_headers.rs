//! Headers in the order and with the spelling of the client. hyper converts names to lowercase and
//! groups them, so the head of each request is also copied while it is received.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::request::Parts;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// More than the longest head that hyper accepts.
const LONGEST: usize = 64 * 1024;

/// The bytes of the next request that have been received so far.
#[derive(Clone, Default)]
pub(crate) struct RawHeaders(Arc<Mutex<Vec<u8>>>);

impl RawHeaders {
    /// Returns the headers of the request that hyper has just read. If the copy does not match,
    /// returns hyper's headers.
    pub(crate) fn take(&self, parts: &Parts) -> Vec<(String, String)> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let text = String::from_utf8_lossy(&bytes);
        let head =
            text.trim_start_matches(['\r', '\n']).split("\r\n\r\n").next().unwrap_or_default();
        let mut lines = head.split("\r\n");
        let is_same =
            lines.next().is_some_and(|line| line.starts_with(&format!("{} ", parts.method)));
        let copied: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        if is_same && copied.len() == parts.headers.len() {
            return copied;
        }
        let lossy =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        parts.headers.iter().map(|(name, value)| (name.to_string(), lossy(value))).collect()
    }

    /// Discards the bytes of a body that was read completely, because the next head follows.
    pub(crate) fn restart(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Copies the bytes that are read from a stream.
    pub(crate) fn tee<S>(&self, stream: S) -> Tee<S> {
        Tee { stream, copy: self.clone() }
    }
}

/// A stream that copies the bytes that it reads.
pub(crate) struct Tee<S> {
    stream: S,
    copy: RawHeaders,
}

impl<S: AsyncRead + Unpin> AsyncRead for Tee<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let mut copy = self.copy.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = &buf.filled()[before..];
        let room = LONGEST.saturating_sub(copy.len());
        copy.extend_from_slice(&new[..new.len().min(room)]);
        drop(copy);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tee<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
