//! The messages of a login, in batches.

use std::fmt;
use std::future::poll_fn;
use std::iter::FusedIterator;
use std::mem;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use wx_proto::flow::{ExchangeSummary, NextMessages, Progress};
use wx_proto::{Error, ErrorKind, Message, Session, Skipped, Step};

use crate::cancel_token::CancelToken;
use crate::client::Client;
use crate::client::context::Context;
use crate::drive::drive;
use crate::run_options::RunOptions;
use crate::seed::seed;
use crate::transport::{AsyncTransport, BlockingTransport, Transport};

/// Batches of new messages, as the server sends them. Created by [`Client::messages`].
///
/// It is an iterator if the client is blocking, and a stream if it is asynchronous. Set its options
/// before the first batch, because they have no effect while a batch is awaited.
#[must_use]
pub struct Messages<'a, H: Transport> {
    context: Context<H>,
    /// The fingerprint of the login.
    login: String,
    skipped: Skipped,
    state: State<'a>,
}

enum State<'a> {
    Idle(RunOptions<'a>),
    /// Receiving a batch, even if the future of `next` was dropped.
    Waiting(Pin<Box<dyn Future<Output = (RunOptions<'a>, Skipped, Batch)> + Send + 'a>>),
    Ended,
}

type Batch = Result<Vec<Message>, Error>;

/// The key of the hash that identifies the login. It need not be random, because the hash stays in
/// this program.
const KEY: [u8; 16] = [0; 16];

impl<H: Transport> Client<H> {
    /// Returns the messages after the session's sync position. If it has none, returns the messages
    /// that arrive from now on. There is no time limit for a batch. Network errors are retried with
    /// growing waits. Any other error ends the messages.
    ///
    /// Each batch moves the sync position of the client's session. Save [`Client::session`] once
    /// you have handled the batch, and also [in between](Messages::on_sync). If the program is
    /// killed and restarted with the session that was saved last, it misses no message, and
    /// receives the messages of the interrupted batch again. Several `Messages` of a client and its
    /// clones share the messages: each message is returned by one of them.
    ///
    /// ```no_run
    /// # use wx_client::session_file::SessionFile;
    /// # use wx_client::{BlockingTransport, Client};
    /// # fn watch<H: BlockingTransport>(client: &Client<H>, file: &SessionFile)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// for batch in client.messages() {
    ///     for message in batch? {
    ///         println!("{:?} from {:?}", message.id, message.from);
    ///     }
    ///     file.save(&client.session())?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// An asynchronous client awaits [`Messages::next`]:
    ///
    /// ```no_run
    /// # use wx_client::session_file::SessionFile;
    /// # use wx_client::{AsyncTransport, Client};
    /// # async fn watch<H: AsyncTransport>(client: &Client<H>, file: &SessionFile)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let mut messages = client.messages();
    /// while let Some(batch) = messages.next().await {
    ///     println!("{} messages", batch?.len());
    ///     file.save(&client.session())?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn messages<'a>(&self) -> Messages<'a, H> {
        let login = self.session().fingerprint(&KEY);
        let (context, state) = (self.context.clone(), State::Idle(RunOptions::new()));
        Messages { context, login, skipped: Skipped::default(), state }
    }
}

async fn next_batch<H: Transport>(
    context: &Context<H>,
    options: &mut RunOptions<'_>,
    login: &str,
    skipped: &mut Skipped,
) -> Batch {
    loop {
        let session = context.session.get();
        if session.fingerprint(&KEY) != login {
            return Err(Error::new(Step::Sync, ErrorKind::LoginChanged));
        }
        let mut flow = NextMessages::new(&session, seed()?, context.policy())?;
        drop(session);
        let Context { session, http, .. } = context;
        let new = drive(http, session, &mut (), &mut flow, options, &mut ()).await?;
        // The flow shares the messages. While it exists, `Vec::from` would copy them.
        drop(flow);
        *skipped += new.skipped;
        if !new.messages.is_empty() {
            return Ok(new.messages.into());
        }
    }
}

impl<'a, H: Transport> Messages<'a, H> {
    /// Calls `callback` after each step.
    pub fn progress(self, callback: impl FnMut(&Progress) + Send + 'a) -> Self {
        self.with(|options| options.progress(callback))
    }

    /// Calls `callback` after each exchange with the server.
    pub fn trace(self, callback: impl FnMut(&ExchangeSummary) + Send + 'a) -> Self {
        self.with(|options| options.trace(callback))
    }

    /// Calls `callback` with the session after each webwxsync without new messages, of which there
    /// is at least one per [`sync_every`](wx_proto::Policy::sync_every). Save the session there, so
    /// that a restarted program continues the login that was renewed.
    ///
    /// With several `Messages` of one client, save it only when every batch that another of them
    /// has returned is handled, because the session is already positioned after those.
    ///
    /// ```no_run
    /// # use wx_client::session_file::SessionFile;
    /// # use wx_client::{BlockingTransport, Client};
    /// # fn watch<H: BlockingTransport>(client: &Client<H>, file: &SessionFile)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let saved = |session: &_| {
    ///     if let Err(error) = file.save(session) {
    ///         eprintln!("{error}");
    ///     }
    /// };
    /// for batch in client.messages().on_sync(saved) {
    ///     println!("{} messages", batch?.len());
    ///     file.save(&client.session())?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_sync(self, callback: impl FnMut(&Session) + Send + 'a) -> Self {
        self.with(|options| options.on_sync(callback))
    }

    /// Ends the messages without an error once `token` is cancelled. A blocking client ends them
    /// only after the current long poll, which takes up to 25 s.
    pub fn cancel(self, token: &CancelToken) -> Self {
        self.with(|options| options.cancel(token))
    }

    /// Replaces all options.
    pub fn options(self, options: RunOptions<'a>) -> Self {
        self.with(|_| options)
    }

    fn with(mut self, set: impl FnOnce(RunOptions<'a>) -> RunOptions<'a>) -> Self {
        if let State::Idle(options) = &mut self.state {
            *options = set(mem::take(options));
        }
        self
    }

    /// Returns how many messages were skipped so far.
    #[must_use]
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    fn poll(&mut self, context: &mut TaskContext<'_>) -> Poll<Option<Batch>> {
        loop {
            match mem::replace(&mut self.state, State::Ended) {
                State::Idle(mut options) => {
                    let (context, login) = (self.context.clone(), self.login.clone());
                    self.state = State::Waiting(Box::pin(async move {
                        let mut skipped = Skipped::default();
                        let batch = next_batch(&context, &mut options, &login, &mut skipped).await;
                        (options, skipped, batch)
                    }));
                }
                State::Waiting(mut waiting) => {
                    let Poll::Ready((options, skipped, batch)) = waiting.as_mut().poll(context)
                    else {
                        self.state = State::Waiting(waiting);
                        return Poll::Pending;
                    };
                    self.skipped += skipped;
                    if batch.is_ok() {
                        self.state = State::Idle(options);
                    }
                    let is_cancelled =
                        matches!(&batch, Err(Error { kind: ErrorKind::Cancelled, .. }));
                    return Poll::Ready(Some(batch).filter(|_| !is_cancelled));
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }

    fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

impl<H: AsyncTransport> Messages<'_, H> {
    /// Waits for the next batch, which has at least one message. After an error, there are no more
    /// batches.
    ///
    /// Cancel safe: if the future is dropped, the next call continues with the same request.
    /// Dropping the `Messages` loses nothing either, because the sync position has not moved yet.
    pub async fn next(&mut self) -> Option<Result<Vec<Message>, Error>> {
        poll_fn(|context| self.poll(context)).await
    }
}

/// Each batch has at least one message. After an error, there are no more batches.
impl<H: BlockingTransport> Iterator for Messages<'_, H> {
    type Item = Result<Vec<Message>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        pollster::block_on(poll_fn(|context| self.poll(context)))
    }
}

impl<H: BlockingTransport> FusedIterator for Messages<'_, H> {}

/// The only future in this type is boxed.
impl<H: Transport> Unpin for Messages<'_, H> {}

/// Like [`Messages::next`], for the stream combinators of other crates.
impl<H: AsyncTransport> Stream for Messages<'_, H> {
    type Item = Result<Vec<Message>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<H: AsyncTransport> FusedStream for Messages<'_, H> {
    fn is_terminated(&self) -> bool {
        self.is_ended()
    }
}

impl<H: Transport> fmt::Debug for Messages<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("ended", &self.is_ended()).finish_non_exhaustive()
    }
}
