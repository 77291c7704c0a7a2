use std::fmt;
use std::iter::FusedIterator;

use wx_client::{CancelToken, RunOptions, seed};
use wx_proto::flow::{ExchangeSummary, NextMessages, Progress};
use wx_proto::{Error, ErrorKind, Message, Skipped, Step};

use crate::{Client, drive};

/// New messages, in the batches in which the server sends them. Created by [`Client::messages`].
#[must_use]
pub struct Messages<'a> {
    client: Client,
    /// Of the login that they are messages of.
    login: String,
    options: RunOptions<'a>,
    skipped: Skipped,
    ended: bool,
}

/// The key of the hash that distinguishes logins. The hash never leaves the program.
const KEY: [u8; 16] = [0; 16];

impl Client {
    /// The messages that come from now on, or behind those that the session has had: an iterator
    /// that waits for each batch, for as long as it takes. Trouble with the network is waited out,
    /// with growing pauses; after an error the iteration is over.
    ///
    /// With each batch the client's session moves behind it. Save [`Client::session`] when the
    /// batch was dealt with: a program that is killed and begins again with what it saved last gets
    /// every message, and those twice that it had not finished with. Several iterations of one
    /// client and its clones share the messages: each goes to one of them.
    ///
    /// ```no_run
    /// # fn watch(client: &wx_ureq::Client, file: &wx_ureq::SessionFile)
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
    pub fn messages(&self) -> Messages<'static> {
        let login = self.session().fingerprint(&KEY);
        let (client, options) = (self.clone(), RunOptions::new());
        Messages { client, login, options, skipped: Skipped::default(), ended: false }
    }

    fn next_messages(
        &self,
        options: &mut RunOptions<'_>,
        login: &str,
        skipped: &mut Skipped,
    ) -> Result<Vec<Message>, Error> {
        loop {
            let session = self.session();
            if session.fingerprint(&KEY) != login {
                return Err(Error::new(Step::Sync, ErrorKind::LoginChanged));
            }
            let mut flow = NextMessages::new(&session, seed()?, self.policy())?;
            drop(session);
            let new = drive(self.http(), self.session_cell(), &mut (), &mut flow, options)?;
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

    /// Ends the iteration, without an error, once `token` is cancelled: at the latest when the
    /// server, which holds a request for up to 25 s until something comes, has answered it.
    pub fn cancel(self, token: &CancelToken) -> Self {
        self.with(|options| options.cancel(token))
    }

    /// Replaces all options.
    pub fn options(self, options: RunOptions<'a>) -> Self {
        self.with(|_| options)
    }

    fn with(self, set: impl FnOnce(RunOptions<'a>) -> RunOptions<'a>) -> Self {
        Self { options: set(self.options), ..self }
    }

    /// Returns how many messages came until now and could not be handed out.
    #[must_use]
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }
}

/// Each batch has one message at least, or is the error that ends the iteration.
impl Iterator for Messages<'_> {
    type Item = Result<Vec<Message>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let batch = self.client.next_messages(&mut self.options, &self.login, &mut self.skipped);
        self.ended = batch.is_err();
        Some(batch).filter(|batch| !matches!(batch, Err(Error { kind: ErrorKind::Cancelled, .. })))
    }
}

impl FusedIterator for Messages<'_> {}

impl fmt::Debug for Messages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("ended", &self.ended).finish_non_exhaustive()
    }
}
