use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use wx_client::{CancelToken, RunOptions, seed};
use wx_proto::flow::{ExchangeSummary, NextMessages, Progress};
use wx_proto::{Error, ErrorKind, Message, Skipped, Step};

use crate::{Client, drive};

/// New messages, in the batches in which the server sends them. Created by [`Client::messages`]. Set
/// its options before the first batch: while a batch is awaited they have no effect.
#[must_use]
pub struct Messages<'a> {
    client: Client,
    /// Of the login that they are messages of.
    login: String,
    skipped: Skipped,
    state: State<'a>,
}

enum State<'a> {
    Idle(RunOptions<'a>),
    /// Under way. It stays here when whoever waits for it goes away.
    Waiting(Pin<Box<dyn Future<Output = (RunOptions<'a>, Skipped, Batch)> + Send + 'a>>),
    Ended,
}

type Batch = Result<Vec<Message>, Error>;

/// The key of the hash that distinguishes logins. The hash never leaves the program.
const KEY: [u8; 16] = [0; 16];

impl Client {
    /// The messages that come from now on, or behind those that the session has had:
    /// [`Messages::next`] waits for each batch, for as long as it takes. Trouble with the network
    /// is waited out, with growing pauses; after an error there is nothing more.
    ///
    /// With each batch the client's session moves behind it. Save [`Client::session`] when the
    /// batch was dealt with: a program that is killed and begins again with what it saved last gets
    /// every message, and those twice that it had not finished with. Several [`Messages`] of one
    /// client and its clones share the messages: each goes to one of them.
    ///
    /// ```no_run
    /// # async fn watch(client: &wx_reqwest::Client, file: &wx_reqwest::SessionFile)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let mut messages = client.messages();
    /// while let Some(batch) = messages.next().await {
    ///     for message in batch? {
    ///         println!("{:?} from {:?}", message.id, message.from);
    ///     }
    ///     file.save(&client.session())?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn messages(&self) -> Messages<'static> {
        let login = self.session().fingerprint(&KEY);
        let (client, state) = (self.clone(), State::Idle(RunOptions::new()));
        Messages { client, login, skipped: Skipped::default(), state }
    }

    async fn next_messages(
        &self,
        options: &mut RunOptions<'_>,
        login: &str,
        skipped: &mut Skipped,
    ) -> Batch {
        loop {
            let session = self.session();
            if session.fingerprint(&KEY) != login {
                return Err(Error::new(Step::Sync, ErrorKind::LoginChanged));
            }
            let mut flow = NextMessages::new(&session, seed()?, self.policy())?;
            drop(session);
            let new = drive(self.http(), self.session_cell(), &mut (), &mut flow, options).await?;
            // What it still held would be copied.
            drop(flow);
            *skipped += new.skipped;
            if !new.messages.is_empty() {
                return Ok(new.messages.into());
            }
        }
    }
}

impl<'a> Messages<'a> {
    /// Calls `callback` after each step.
    pub fn progress(self, callback: impl FnMut(&Progress) + Send + 'a) -> Self {
        self.with(|options| options.progress(callback))
    }

    /// Calls `callback` after each exchange with the server.
    pub fn trace(self, callback: impl FnMut(&ExchangeSummary) + Send + 'a) -> Self {
        self.with(|options| options.trace(callback))
    }

    /// Ends the messages, without an error, once `token` is cancelled.
    pub fn cancel(self, token: &CancelToken) -> Self {
        self.with(|options| options.cancel(token))
    }

    /// Replaces all options.
    pub fn options(self, options: RunOptions<'a>) -> Self {
        self.with(|_| options)
    }

    fn with(mut self, set: impl FnOnce(RunOptions<'a>) -> RunOptions<'a>) -> Self {
        if let State::Idle(options) = &mut self.state {
            *options = set(std::mem::take(options));
        }
        self
    }

    /// Waits for the next batch, which has one message at least, or is the error after which there
    /// is nothing more.
    ///
    /// Cancel safe: when the future is dropped, what is under way stays in here and the next call
    /// goes on with it. Dropping the `Messages` loses nothing either: the client's session has not
    /// moved then.
    pub async fn next(&mut self) -> Option<Result<Vec<Message>, Error>> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Returns how many messages came until now and could not be handed out.
    #[must_use]
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Batch>> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Idle(mut options) => {
                    let (client, login) = (self.client.clone(), self.login.clone());
                    self.state = State::Waiting(Box::pin(async move {
                        let mut skipped = Skipped::default();
                        let batch = client.next_messages(&mut options, &login, &mut skipped).await;
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
}

/// The same as [`Messages::next`], for the combinators of other crates.
impl Stream for Messages<'_> {
    type Item = Result<Vec<Message>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl FusedStream for Messages<'_> {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

impl fmt::Debug for Messages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = matches!(self.state, State::Ended);
        f.debug_struct("Messages").field("ended", &ended).finish_non_exhaustive()
    }
}
