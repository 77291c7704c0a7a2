//! The media of a message as a stream of bytes.

mod handover;

use std::fmt;
use std::future::poll_fn;
use std::io::{self, BufRead, Read};
use std::mem;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use wx_proto::bytes::{Buf as _, Bytes};
use wx_proto::flow::Fetch;
use wx_proto::{Attachment, Error, Fetched};

use self::handover::Handover;
use crate::cancel_token::CancelToken;
use crate::client::Client;
use crate::client::context::Context;
use crate::drive::drive;
use crate::run_options::{RunOptions, option_setters};
use crate::seed::seed;
use crate::transport::{AsyncTransport, BlockingTransport, Transport};

/// The media of a message, read while it arrives. Created by [`Client::fetch_stream`].
///
/// If the client is blocking, it implements [`Read`] and [`BufRead`]. If the client is
/// asynchronous, it is a [`Stream`] of [`Bytes`], and [`next`](Self::next) returns the next piece.
/// Set its options before the first read, because they have no effect later.
///
/// **Treat the bytes as provisional until the end.** The media ends normally (`Ok(0)`, or `None`
/// without an error before it) only if it is complete: its length is right, and its first bytes
/// have shown the expected format. Everything else is an error: a closed connection, a web page in
/// place of the media, a wrong length, an exceeded limit, a cancelled request, the end of the
/// login. The format of an image, a video or a voice message is checked before its first byte is
/// returned. A file can be anything, so a web page in its place may be noticed only at the end.
///
/// The request is made at the first read, and retried like that of [`Client::fetch`] until the
/// first byte has been returned. At most one piece of the media is in memory at a time: the next
/// one is received once this one is read, and the time between two reads does not count against the
/// time limits of the request, unless a read was given up while it waited. The server can close the
/// connection if nothing is read for long. If the stream is dropped, the request ends.
#[must_use = "nothing is requested before it is read"]
pub struct FetchStream<'a, H: Transport> {
    context: Context<H>,
    attachment: Attachment,
    state: State<'a>,
    handover: Handover,
    /// The rest of a piece that was read in part.
    rest: Bytes,
}

enum State<'a> {
    Idle(RunOptions<'a>),
    /// Fetching, even if the future of `next` was dropped.
    Fetching(Pin<Box<dyn Future<Output = Result<Fetched, Error>> + Send + 'a>>),
    Ended(Result<Fetched, Error>),
}

impl<H: Transport> Client<H> {
    /// Returns the media of a message as a stream, to be read while it arrives. In contrast to
    /// [`fetch`](Self::fetch), the bytes are available before the media is complete, and have to be
    /// discarded if the stream ends with an error.
    ///
    /// ```no_run
    /// # use std::io;
    /// # use wx_client::{BlockingTransport, Client};
    /// # use wx_proto::Attachment;
    /// # fn copy<H: BlockingTransport>(
    /// #     client: &Client<H>,
    /// #     attachment: &Attachment,
    /// #     upload: &mut impl io::Write,
    /// # ) -> io::Result<()> {
    /// let mut media = client.fetch_stream(attachment);
    /// io::copy(&mut media, upload)?;
    /// println!("complete: {:?}", media.fetched());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// An asynchronous client awaits [`FetchStream::next`]:
    ///
    /// ```no_run
    /// # use wx_client::{AsyncTransport, Client};
    /// # use wx_proto::{Attachment, Error};
    /// # async fn count<H: AsyncTransport>(client: &Client<H>, attachment: &Attachment)
    /// # -> Result<(), Error> {
    /// let mut media = client.fetch_stream(attachment);
    /// while let Some(piece) = media.next().await {
    ///     println!("{} bytes", piece?.len());
    /// }
    /// println!("complete: {:?}", media.fetched());
    /// # Ok(())
    /// # }
    /// ```
    pub fn fetch_stream<'a>(&self, attachment: &Attachment) -> FetchStream<'a, H> {
        FetchStream {
            context: self.context.clone(),
            attachment: attachment.clone(),
            state: State::Idle(RunOptions::new()),
            handover: Handover::default(),
            rest: Bytes::new(),
        }
    }
}

impl<'a, H: Transport> FetchStream<'a, H> {
    /// Ends the stream with [`ErrorKind::Cancelled`](wx_proto::ErrorKind::Cancelled) once `token`
    /// is cancelled. A blocking client notices it between two pieces.
    pub fn cancel(self, token: &CancelToken) -> Self {
        self.with(|options| options.cancel(token))
    }

    option_setters!('a);

    fn with(mut self, set: impl FnOnce(RunOptions<'a>) -> RunOptions<'a>) -> Self {
        if let State::Idle(options) = &mut self.state {
            *options = set(mem::take(options));
        }
        self
    }

    /// Returns the length, the MD5 and the format of the media, once its end has been read.
    #[must_use]
    pub fn fetched(&self) -> Option<&Fetched> {
        match &self.state {
            State::Ended(result) => result.as_ref().ok(),
            _ => None,
        }
    }

    /// Returns the next piece, which is not empty. `None` after the end and after an error.
    fn poll(&mut self, context: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if let State::Idle(options) = &mut self.state {
            let options = mem::take(options);
            self.state = State::Fetching(self.fetching(options));
        }
        let State::Fetching(fetching) = &mut self.state else { return Poll::Ready(None) };
        match fetching.as_mut().poll(context) {
            // If there is a piece, the flow continues once the stream is polled again.
            Poll::Pending => match self.handover.take() {
                Some(piece) => Poll::Ready(Some(Ok(piece))),
                None => Poll::Pending,
            },
            Poll::Ready(result) => {
                self.state = State::Ended(result.clone());
                Poll::Ready(result.err().map(Err))
            }
        }
    }

    fn fetching(
        &self,
        mut options: RunOptions<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Fetched, Error>> + Send + 'a>> {
        let (context, attachment) = (self.context.clone(), self.attachment.clone());
        let mut handover = self.handover.clone();
        Box::pin(async move {
            let Context { session, http, .. } = &context;
            // Bytes that were read cannot be taken back.
            let restartable = false;
            let policy = context.policy();
            let mut flow = Fetch::new(&session.get(), attachment, restartable, seed()?, policy)?;
            drive(http, session, &mut handover, &mut flow, &mut options, &mut ()).await
        })
    }
}

impl<H: AsyncTransport> FetchStream<'_, H> {
    /// Waits for the next piece, which is not empty. Returns `None` at the end of the media, and
    /// after an error.
    ///
    /// Cancel safe: if the future is dropped, the next call continues with the same request, and no
    /// bytes are lost. The time until the next call counts against the time limits of the request
    /// in that case, because the server was being waited for.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|context| self.poll(context)).await
    }
}

/// Like [`FetchStream::next`], for the stream combinators of other crates. An [`Error`] converts
/// into an [`io::Error`], so adapters of other crates can make an asynchronous reader of it.
impl<H: AsyncTransport> Stream for FetchStream<'_, H> {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<H: AsyncTransport> FusedStream for FetchStream<'_, H> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }
}

/// The [inner error](io::Error::get_ref) of each [`io::Error`] is an [`Error`]. After an error,
/// each read returns the same error again.
impl<H: BlockingTransport> Read for FetchStream<'_, H> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.fill_buf()?.read(out)?;
        self.consume(len);
        Ok(len)
    }
}

impl<H: BlockingTransport> BufRead for FetchStream<'_, H> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty()
            && let Some(Ok(piece)) = pollster::block_on(poll_fn(|context| self.poll(context)))
        {
            self.rest = piece;
        }
        match &self.state {
            State::Ended(Err(error)) => Err(error.clone().into()),
            _ => Ok(&self.rest),
        }
    }

    fn consume(&mut self, len: usize) {
        self.rest.advance(len);
        if self.rest.is_empty() {
            // An empty part would keep the memory of the whole piece.
            self.rest = Bytes::new();
        }
    }
}

/// The only future in this type is boxed.
impl<H: Transport> Unpin for FetchStream<'_, H> {}

impl<H: Transport> fmt::Debug for FetchStream<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Idle(_) => "idle",
            State::Fetching(_) => "fetching",
            State::Ended(Ok(_)) => "complete",
            State::Ended(Err(_)) => "failed",
        };
        f.debug_struct("FetchStream").field("state", &state).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
