use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use smol::io::{AsyncRead, AsyncWrite};
use smol::net::TcpStream;

use crate::activity::Activity;

/// Adapts a connection of smol to hyper. It records when bytes move.
pub(crate) struct Connection {
    stream: TcpStream,
    activity: Activity,
    buffer: Box<[u8]>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, activity: Activity) -> Self {
        Self { stream, activity, buffer: vec![0; 16 * 1024].into() }
    }
}

impl Read for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, activity, buffer } = self.get_mut();
        let max = out.remaining().min(buffer.len());
        let len = ready!(Pin::new(stream).poll_read(cx, &mut buffer[..max]))?;
        activity.record_activity();
        out.put_slice(&buffer[..len]);
        Poll::Ready(Ok(()))
    }
}

impl Write for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let len = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.activity.record_activity();
        Poll::Ready(Ok(len))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
