use std::future::IntoFuture;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use wx_client::outbox::{
    MessageState, OutboxError, OutboxFlow, OutboxJob, OutboxMessage, UploadTurn,
};
use wx_client::{CancelToken, RunOptions};
use wx_proto::flow::{ExchangeSummary, Progress};
use wx_proto::{Error, ErrorKind, Recipient, Sent, Session, SourceError, Step, Uploaded};

use crate::drive::sleep;
use crate::{Client, MediaIo, Source, drive};

/// Sends each message once, across crashes and restarts. Created by [`Client::outbox`].
///
/// [`wx_client::outbox::Outbox`] describes what is recorded, and in which order.
#[derive(Clone, Debug)]
pub struct Outbox {
    client: Client,
    outbox: wx_client::outbox::Outbox,
}

/// A message to be sent once. Created by [`Outbox::send`].
#[must_use = "nothing is sent until it is awaited"]
pub struct OutboxSend<'a> {
    outbox: Outbox,
    to: Recipient,
    source: Source,
    key: Option<String>,
    resend: bool,
    options: RunOptions<'a>,
}

/// How often a message checks whether the job of another message has finished their upload.
const UPLOAD_POLL: Duration = Duration::from_millis(50);

impl Client {
    /// Opens the outbox in a directory, which is created if it does not exist. Messages are
    /// recorded under their keys, so none is sent twice if the program is killed and restarted.
    ///
    /// # Errors
    /// [`OutboxErrorKind::Busy`](wx_client::outbox::OutboxErrorKind::Busy) if another process has
    /// it open; another kind if the directory does not hold an outbox, or cannot be read.
    ///
    /// ```no_run
    /// # use wx_reqwest::wx_proto::Recipient;
    /// # use wx_reqwest::{Client, Source};
    /// # async fn send(client: &Client, to: &Recipient) -> Result<(), Box<dyn std::error::Error>> {
    /// let outbox = client.outbox("outbox")?;
    /// let source = Source::path("invoice-17.png").await?;
    /// let sent = outbox.send(to, source).key("invoice-17").await?;
    /// println!("message {}", sent.msg_id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn outbox(&self, dir: impl AsRef<Path>) -> Result<Outbox, OutboxError> {
        Ok(self.outbox_on(wx_client::outbox::Outbox::open(dir)?))
    }

    /// Sends through an outbox that is already open, such as one with
    /// [custom storage](wx_client::outbox::Outbox::with_storage).
    #[must_use]
    pub fn outbox_on(&self, outbox: wx_client::outbox::Outbox) -> Outbox {
        Outbox { client: self.clone(), outbox }
    }
}

impl Outbox {
    /// Creates a message that shows a picture to `to`. Give it a [key](OutboxSend::key), then await
    /// it.
    pub fn send(&self, to: &Recipient, source: Source) -> OutboxSend<'static> {
        let (outbox, to, options) = (self.clone(), to.clone(), RunOptions::new());
        OutboxSend { outbox, to, source, key: None, resend: false, options }
    }

    /// Returns the state of the message with this key, if there is one.
    #[must_use]
    pub fn state(&self, key: &str) -> Option<MessageState> {
        self.outbox.state(key)
    }

    /// Settles a message that is in doubt, without sending it again: whether it was delivered stays
    /// unknown. Returns whether it was in doubt; nothing changes if it was not.
    ///
    /// # Errors
    /// If it is being sent, or if the record cannot be written.
    pub fn give_up(&self, key: &str) -> Result<bool, OutboxError> {
        self.outbox.give_up(key)
    }

    /// Lists all messages in the order in which they were added.
    #[must_use]
    pub fn messages(&self) -> Vec<OutboxMessage> {
        self.outbox.messages()
    }
}

impl<'a> OutboxSend<'a> {
    /// Sets the key of the message: any text that identifies it, such as the number of an invoice.
    /// The default is a random key.
    ///
    /// One key is one picture to one recipient. If the message is sent, sending the same picture
    /// again returns what was sent then. Another picture (other bytes, another kind, or another
    /// name of a file) is refused, unless the message is neither sent nor in doubt and its upload
    /// was begun in another login.
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Sends a message in doubt once more, under its own ClientMsgId, even if
    /// [`Policy::resend_within`](wx_proto::Policy::resend_within) has passed since it first left.
    /// The server is expected to drop a message that it has already seen, but we have no proof:
    /// check the conversation first.
    pub fn resend(self) -> Self {
        Self { resend: true, ..self }
    }

    /// Calls `callback` after each step.
    pub fn progress(self, callback: impl FnMut(&Progress) + Send + 'a) -> Self {
        self.with(|options| options.progress(callback))
    }

    /// Calls `callback` after each exchange with the server.
    pub fn trace(self, callback: impl FnMut(&ExchangeSummary) + Send + 'a) -> Self {
        self.with(|options| options.trace(callback))
    }

    /// Stops once `token` is cancelled, as [`Request::cancel`](crate::Request::cancel) does.
    pub fn cancel(self, token: &CancelToken) -> Self {
        self.with(|options| options.cancel(token))
    }

    /// Replaces all options but the checkpoint store, which is the outbox itself.
    pub fn options(self, options: RunOptions<'a>) -> Self {
        self.with(|_| options)
    }

    fn with(self, set: impl FnOnce(RunOptions<'a>) -> RunOptions<'a>) -> Self {
        Self { options: set(self.options), ..self }
    }

    async fn run(self) -> Result<Sent, Error> {
        let Self { outbox: Outbox { client, outbox }, to, mut source, key, resend, mut options } =
            self;
        let session = client.session();
        let job = outbox.begin(key, &to, &session)?;
        if let Some(sent) = job.sent() {
            let compared = compare(&client, &job, &sent.uploaded, &mut source).await;
            return compared.map(|()| sent).map_err(|error| job.judge(error));
        }
        let uploaded = upload(&client, &job, &session, &mut source, &mut options).await;
        let flow =
            uploaded.and_then(|uploaded| job.send(&session, &uploaded, &client.policy(), resend));
        let OutboxFlow { mut flow, checkpoint } = flow.map_err(|error| job.judge(error))?;
        options.set_checkpoint(checkpoint);
        let cell = client.session_cell();
        let sent = drive(client.http(), cell, &mut (), &mut flow, &mut options).await;
        // A refusal that could not be put on record is none to the next run.
        let sent = sent.map_err(|error| job.judge(error))?;
        // It is sent, whether that is on record or not. If not, the outbox sends nothing more.
        let _ = job.set_sent(&sent);
        Ok(sent)
    }
}

/// Refuses a picture that is not the one which the key was used for.
async fn compare(
    client: &Client,
    job: &OutboxJob,
    used: &Uploaded,
    source: &mut Source,
) -> Result<(), Error> {
    let picture = source.media(&client.policy()).await?;
    let mut comparison = job.compare(used, &picture)?;
    while let Some(span) = comparison.next_span() {
        let bytes = source.load(span).await;
        let failed = |error| Error::new(Step::Digest, SourceError::from(error));
        comparison.update(&bytes.map_err(failed)?);
    }
    Ok(comparison.finish()?)
}

async fn upload(
    client: &Client,
    job: &OutboxJob,
    session: &Session,
    source: &mut Source,
    options: &mut RunOptions<'_>,
) -> Result<Uploaded, Error> {
    loop {
        match job.take_upload(session)? {
            UploadTurn::Finished(uploaded) => {
                compare(client, job, &uploaded, source).await?;
                return Ok(uploaded);
            }
            UploadTurn::Mine => break,
            UploadTurn::Busy => {
                if options.token().is_cancelled() {
                    return Err(Error::new(Step::Upload, ErrorKind::Cancelled));
                }
                sleep(UPLOAD_POLL, options.token()).await;
            }
        }
    }
    let _turn = client.turn(options.token()).await;
    let policy = client.policy();
    let picture = source.media(&policy).await?;
    let OutboxFlow { mut flow, checkpoint } = job.upload(session, picture, &policy)?;
    options.set_checkpoint(checkpoint);
    drive(client.http(), client.session_cell(), source, &mut flow, options).await
}

/// Sends the message, or continues it from its state on record. If it was already sent, returns
/// what was sent. The record is written by blocking calls.
///
/// Cancel safe: if the future is dropped, the next send under the same key continues the message.
///
/// # Errors
/// [`Error::outcome`] says whether the message may have been delivered. If the record
/// cannot be written, nothing more is sent, and the outbox has to be opened again.
impl<'a> IntoFuture for OutboxSend<'a> {
    type Output = Result<Sent, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
