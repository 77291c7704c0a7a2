//! Header names as the client spelled them, in its order. hyper lowers the names and groups them,
//! so the bytes are copied on their way in: from the start of a request to the blank line after its
//! head.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::request::Parts;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Longer than hyper takes a head to be.
const LONGEST: usize = 64 * 1024;

/// What has come in of the request whose head is awaited.
#[derive(Clone, Default)]
pub(crate) struct Heads(Arc<Mutex<Vec<u8>>>);

impl Heads {
    /// The headers of the request that hyper has just read; from hyper itself should the copy not
    /// match.
    pub(crate) fn take(&self, parts: &Parts) -> Vec<(String, String)> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let text = String::from_utf8_lossy(&bytes);
        let head =
            text.trim_start_matches(['\r', '\n']).split("\r\n\r\n").next().unwrap_or_default();
        let mut lines = head.split("\r\n");
        let is_this_one =
            lines.next().is_some_and(|line| line.starts_with(&format!("{} ", parts.method)));
        let copied: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        if is_this_one && copied.len() == parts.headers.len() {
            return copied;
        }
        let lossy =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        parts.headers.iter().map(|(name, value)| (name.to_string(), lossy(value))).collect()
    }

    /// Forgets the body's bytes: what comes after a body that was read whole is the next head.
    pub(crate) fn restart(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// A stream whose incoming bytes are copied here.
    pub(crate) fn watch<S>(&self, stream: S) -> Watched<S> {
        Watched { stream, heads: self.clone() }
    }
}

/// A stream that copies what it reads.
pub(crate) struct Watched<S> {
    stream: S,
    heads: Heads,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let mut copy = self.heads.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = &buf.filled()[before..];
        let room = LONGEST.saturating_sub(copy.len());
        copy.extend_from_slice(&new[..new.len().min(room)]);
        drop(copy);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
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
