//! The messages of a login, in batches.

use std::fmt;
use std::future::poll_fn;
use std::iter::FusedIterator;
use std::mem;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use wx_proto::flow::{NewMessages, NextMessages};
use wx_proto::{Error, ErrorKind, Session, Step};

use crate::batch::Batch;
use crate::cancel_token::CancelToken;
use crate::client::Client;
use crate::client::context::Context;
use crate::drive::drive;
use crate::run_options::{RunOptions, option_setters};
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
    state: State<'a>,
}

enum State<'a> {
    Idle(RunOptions<'a>),
    /// Receiving a batch, even if the future of `next` was dropped.
    Waiting(Pin<Box<dyn Future<Output = Received<'a>> + Send + 'a>>),
    Ended,
}

/// The next batch, and the options for the one after it.
type Received<'a> = (RunOptions<'a>, Result<NewMessages, Error>);

/// The key of the hash that identifies the login. It need not be random, because the hash stays in
/// this program.
const KEY: [u8; 16] = [0; 16];

impl<H: Transport> Client<H> {
    /// Returns the messages after the session's sync position. If it has none, returns the messages
    /// that arrive from now on. There is no time limit for a batch. Network errors, rate limits and
    /// replies that make no sense are retried with growing waits, without a limit. The end of the
    /// login, other refusals, and a reply that is too large end the messages.
    ///
    /// Each message is received *at least once*. [Acknowledge](Batch::acknowledge) each batch once
    /// you have handled it, and save the session that this returns. The session can also be saved
    /// at any other time, because it is positioned before the oldest batch that is not
    /// acknowledged. If the program is killed and restarted with the session that was saved last,
    /// it receives the unacknowledged batches again.
    ///
    /// Within a program, each batch is returned once: several `Messages` of a client and its clones
    /// share the batches, and a batch that was dropped without being acknowledged is not returned
    /// again. A new client receives the unacknowledged batches of the session that it is created
    /// from.
    ///
    /// ```no_run
    /// # use wx_client::session_file::SessionFile;
    /// # use wx_client::{BlockingTransport, Client};
    /// # fn watch<H: BlockingTransport>(client: &Client<H>, file: &SessionFile)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// for batch in client.messages() {
    ///     let batch = batch?;
    ///     for message in &batch {
    ///         println!("{:?} from {:?}", message.id, message.from);
    ///     }
    ///     file.save(&batch.acknowledge())?;
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
    ///     let batch = batch?;
    ///     println!("{} messages", batch.len());
    ///     file.save(&batch.acknowledge())?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn messages<'a>(&self) -> Messages<'a, H> {
        let login = self.session().fingerprint(&KEY);
        let (context, state) = (self.context.clone(), State::Idle(RunOptions::new()));
        Messages { context, login, state }
    }
}

async fn next_batch<H: Transport>(
    context: &Context<H>,
    options: &mut RunOptions<'_>,
    login: &str,
) -> Result<NewMessages, Error> {
    let session = context.session.get();
    if session.fingerprint(&KEY) != login {
        return Err(Error::new(Step::Sync, ErrorKind::LoginChanged));
    }
    let mut flow = NextMessages::new(&session, seed()?, context.policy())?;
    drop(session);
    let Context { session, http, .. } = context;
    drive(http, session, &mut (), &mut flow, options, &mut ()).await
}

impl<'a, H: Transport> Messages<'a, H> {
    /// Calls `callback` with the session after each webwxsync without new messages, of which there
    /// is at least one per [`sync_every`](wx_proto::Policy::sync_every). Save the session there, so
    /// that a restarted program continues the login that was renewed. It is positioned before the
    /// oldest batch that is not acknowledged.
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
    ///     let batch = batch?;
    ///     println!("{} messages", batch.len());
    ///     file.save(&batch.acknowledge())?;
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

    option_setters!('a);

    fn with(mut self, set: impl FnOnce(RunOptions<'a>) -> RunOptions<'a>) -> Self {
        if let State::Idle(options) = &mut self.state {
            *options = set(mem::take(options));
        }
        self
    }

    fn poll(&mut self, context: &mut TaskContext<'_>) -> Poll<Option<Result<Batch, Error>>> {
        loop {
            match mem::replace(&mut self.state, State::Ended) {
                State::Idle(mut options) => {
                    let (context, login) = (self.context.clone(), self.login.clone());
                    self.state = State::Waiting(Box::pin(async move {
                        let new = next_batch(&context, &mut options, &login).await;
                        (options, new)
                    }));
                }
                State::Waiting(mut waiting) => {
                    let Poll::Ready((options, new)) = waiting.as_mut().poll(context) else {
                        self.state = State::Waiting(waiting);
                        return Poll::Pending;
                    };
                    if new.is_ok() {
                        self.state = State::Idle(options);
                    }
                    let is_cancelled =
                        matches!(&new, Err(Error { kind: ErrorKind::Cancelled, .. }));
                    let batch = new.map(|new| Batch::new(new, &self.context.session));
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
    /// Waits for the next batch, which has at least one message unless all were
    /// [skipped](Batch::skipped). After an error, there are no more batches.
    ///
    /// Cancel safe: if the future is dropped, the next call continues with the same request.
    /// Dropping the `Messages` loses nothing either, because the sync position has not moved yet.
    pub async fn next(&mut self) -> Option<Result<Batch, Error>> {
        poll_fn(|context| self.poll(context)).await
    }
}

/// Each batch has at least one message, unless all were [skipped](Batch::skipped). After an error,
/// there are no more batches.
impl<H: BlockingTransport> Iterator for Messages<'_, H> {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        pollster::block_on(poll_fn(|context| self.poll(context)))
    }
}

impl<H: BlockingTransport> FusedIterator for Messages<'_, H> {}

/// The only future in this type is boxed.
impl<H: Transport> Unpin for Messages<'_, H> {}

/// Like [`Messages::next`], for the stream combinators of other crates.
impl<H: AsyncTransport> Stream for Messages<'_, H> {
    type Item = Result<Batch, Error>;

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
