//! The outbox of a client.

use std::fmt;
use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Duration;

use wx_proto::{
    Error, ErrorKind, Media, MediaKind, Recipient, Sent, Session, SourceError, Step, Uploaded,
};

use crate::cancel_token::CancelToken;
use crate::client::Client;
use crate::client::context::Context;
use crate::drive::{drive, unless_cancelled};
use crate::media_io::{MediaIo as _, MediaSource as _};
use crate::outbound::Outbound;
use crate::outbox::{
    MessageState, Outbox, OutboxError, OutboxFlow, OutboxJob, OutboxMessage, UploadTurn,
};
use crate::run_options::{RunOptions, option_setters};
use crate::transport::{AsyncTransport, BlockingTransport, Transport};

/// Sends each message once, across crashes and restarts. Created by [`Client::outbox`].
///
/// [`Outbox`] describes what is recorded, and in which order.
#[derive(Clone)]
pub struct ClientOutbox<H> {
    context: Context<H>,
    outbox: Outbox,
}

/// A message to be sent once. Created by [`ClientOutbox::send`]. The outbox is the store of its
/// states, so a checkpoint store among its options is ignored.
#[must_use = "nothing is sent before it is run or awaited"]
pub struct OutboxSend<'a, H: Transport> {
    outbox: ClientOutbox<H>,
    to: Recipient,
    what: Outbound<H::Source>,
    kind: Option<MediaKind>,
    key: Option<String>,
    resend: bool,
    options: RunOptions<'a>,
}

/// The interval at which a message checks whether another message has finished their common upload.
const UPLOAD_POLL: Duration = Duration::from_millis(50);

impl<H: Transport> Client<H> {
    /// Opens the outbox in a directory, which is created if it does not exist. Messages are
    /// recorded under their keys, so none is sent twice if the program is killed and restarted.
    ///
    /// # Errors
    /// [`OutboxErrorKind::Busy`](crate::outbox::OutboxErrorKind::Busy) if another process has it
    /// open; another kind if the directory is not an outbox, or cannot be read.
    ///
    /// ```no_run
    /// # use wx_client::{BlockingTransport, Client};
    /// # use wx_proto::Recipient;
    /// # fn send<H: BlockingTransport>(client: &Client<H>, to: &Recipient, invoice: H::Source)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let outbox = client.outbox("outbox")?;
    /// let sent = outbox.send(to, invoice).key("invoice-17").run()?;
    /// println!("message {}", sent.msg_id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn outbox(&self, dir: impl AsRef<Path>) -> Result<ClientOutbox<H>, OutboxError> {
        Ok(self.outbox_on(Outbox::open(dir)?))
    }

    /// Sends through an outbox that is already open, such as one with
    /// [custom storage](Outbox::with_storage).
    #[must_use]
    pub fn outbox_on(&self, outbox: Outbox) -> ClientOutbox<H> {
        ClientOutbox { context: self.context.clone(), outbox }
    }
}

impl<H: Transport> ClientOutbox<H> {
    /// Creates a message for `to`: a text or media, like [`Client::send`]. Set its
    /// [key](OutboxSend::key), then [run](OutboxSend::run) or await it.
    pub fn send<'a>(
        &self,
        to: &Recipient,
        what: impl Into<Outbound<H::Source>>,
    ) -> OutboxSend<'a, H> {
        let (outbox, to, what, options) =
            (self.clone(), to.clone(), what.into(), RunOptions::new());
        OutboxSend { outbox, to, what, kind: None, key: None, resend: false, options }
    }

    /// Returns the state of the message with this key, if there is one.
    #[must_use]
    pub fn state(&self, key: &str) -> Option<MessageState> {
        self.outbox.state(key)
    }

    /// Settles a message in doubt without sending it again. Whether it was delivered stays unknown.
    /// Returns `false`, and changes nothing, if the message was not in doubt.
    ///
    /// # Errors
    /// If it is being sent, or if the record cannot be written.
    pub fn give_up(&self, key: &str) -> Result<bool, OutboxError> {
        self.outbox.give_up(key)
    }

    /// Removes all messages from the record, unless one of them is in doubt or being sent. Returns
    /// whether they were removed. See [`Outbox::clear`] for when to do that.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn clear(&self) -> Result<bool, OutboxError> {
        self.outbox.clear()
    }

    /// Lists all messages in the order in which they were added.
    #[must_use]
    pub fn messages(&self) -> Vec<OutboxMessage> {
        self.outbox.messages()
    }
}

impl<'a, H: Transport> OutboxSend<'a, H> {
    /// Sets the key of the message: any text that identifies it, such as the number of an invoice,
    /// but not an empty one. The default is a random key.
    ///
    /// A key identifies one text, file, emoticon or forwarded message to one recipient. If the
    /// message was sent, sending the same again returns the message that was sent. Anything else
    /// (other bytes, another kind, or another name of a file) is refused, unless the message is
    /// neither sent nor in doubt and was begun in another login.
    ///
    /// [`Error::outcome`] of such a refusal depends on what is known about the given content:
    ///
    /// | Under the key | Given | Outcome |
    /// |---|---|---|
    /// | a message that was sent | other content | not sent: it differs from what was sent |
    /// | a message to another UserName of this login | anything | not sent: not to this recipient |
    /// | a message in doubt | other content | unknown: that of the message on record |
    /// | a message in doubt | the same, after [`Policy::resend_within`] | unknown |
    ///
    /// [`Policy::resend_within`]: wx_proto::Policy::resend_within
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Sets the kind that media is sent as, as [`Request::kind`](crate::Request::kind) does.
    pub fn kind(self, kind: MediaKind) -> Self {
        Self { kind: Some(kind), ..self }
    }

    /// Sends a message in doubt again, under the same ClientMsgId, even if
    /// [`Policy::resend_within`](wx_proto::Policy::resend_within) has passed since it was first
    /// sent. The server is expected to drop a message that it has already seen, but this is not
    /// proven: check the conversation first.
    pub fn resend(self) -> Self {
        Self { resend: true, ..self }
    }

    /// Stops once `token` is cancelled, as [`Request::cancel`](crate::Request::cancel) does.
    pub fn cancel(self, token: &CancelToken) -> Self {
        self.with(|options| options.cancel(token))
    }

    option_setters!('a);

    fn with(self, set: impl FnOnce(RunOptions<'a>) -> RunOptions<'a>) -> Self {
        Self { options: set(self.options), ..self }
    }

    /// Sends the message, or continues it from its recorded state. Returns the result on record if
    /// it was already sent.
    ///
    /// # Errors
    /// [`Error::outcome`] says whether the message may have been delivered. If the record
    /// cannot be written, nothing more is sent, and the outbox has to be opened again.
    pub fn run(self) -> Result<Sent, Error>
    where
        H: BlockingTransport,
    {
        pollster::block_on(self.execute())
    }

    async fn execute(self) -> Result<Sent, Error> {
        let Self { outbox, to, what, kind, key, resend, mut options } = self;
        let ClientOutbox { context, outbox } = outbox;
        let session = context.session.get();
        let job = outbox.begin(key, &to, &session)?;
        let flow = match what {
            Outbound::Inline(content) => match job.sent() {
                Some(sent) => {
                    let checked = job.check_inline(&session, &content);
                    return checked.map(|()| sent).map_err(Error::from);
                }
                None => job.send_inline(&session, &content, &context.policy(), resend),
            },
            Outbound::Media(source) => {
                let mut media = MediaToSend { source, kind };
                if let Some(sent) = job.sent() {
                    let used = sent.uploaded.as_ref();
                    let compared =
                        compare::<H>(&job, &session, used, &mut media, options.token()).await;
                    return compared.map(|()| sent).map_err(|error| job.mark_uncertain(error));
                }
                let uploaded = upload(&context, &job, &session, &mut media, &mut options).await;
                uploaded
                    .and_then(|uploaded| job.send(&session, &uploaded, &context.policy(), resend))
            }
        };
        let OutboxFlow { mut flow, checkpoint } =
            flow.map_err(|error| job.mark_uncertain(error))?;
        options.set_checkpoint(checkpoint);
        let Context { session, http, .. } = &context;
        let sent = drive(http, session, &mut (), &mut flow, &mut options, &mut ()).await;
        // If a refusal could not be recorded, the next run does not see it.
        let sent = sent.map_err(|error| job.mark_uncertain(error))?;
        // The message was sent even if this cannot be recorded. The outbox then refuses all calls.
        let _ = job.set_sent(&sent);
        Ok(sent)
    }
}

/// Sends the message, or continues it from its recorded state. Returns the result on record if it
/// was already sent. The record is written by blocking calls.
///
/// Cancel safe: if the future is dropped, the next send under the same key continues the message.
///
/// # Errors
/// [`Error::outcome`] says whether the message may have been delivered. If the record
/// cannot be written, nothing more is sent, and the outbox has to be opened again.
impl<'a, H: AsyncTransport> IntoFuture for OutboxSend<'a, H> {
    type Output = Result<Sent, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.execute())
    }
}

/// A source, and the kind to send its media as.
struct MediaToSend<S> {
    source: S,
    kind: Option<MediaKind>,
}

/// Refuses media other than the media that the key was used for.
async fn compare<H: Transport>(
    job: &OutboxJob,
    session: &Session,
    used: Option<&Uploaded>,
    media: &mut MediaToSend<H::Source>,
    token: &CancelToken,
) -> Result<(), Error> {
    let cancelled = || Error::new(Step::Digest, ErrorKind::Cancelled);
    let given = described::<H>(media, token).await?;
    job.check_media(session, &given)?;
    let Some(used) = used else { return Ok(()) };
    let mut comparison = job.compare(used, &given)?;
    while let Some(span) = comparison.next_span() {
        // A blocking transport has read the whole span when `read` is first polled.
        let read = unless_cancelled(pin!(media.source.read(span)), token).await;
        let bytes = read.filter(|_| !token.is_cancelled()).ok_or_else(cancelled)?;
        let failed = |error| Error::new(Step::Digest, SourceError::from(error));
        comparison.update(&bytes.map_err(failed)?);
    }
    Ok(comparison.finish()?)
}

/// Returns the description of the media.
async fn described<H: Transport>(
    media: &mut MediaToSend<H::Source>,
    token: &CancelToken,
) -> Result<Media, Error> {
    let described = unless_cancelled(pin!(media.source.media()), token).await;
    let described =
        described.unwrap_or_else(|| Err(Error::new(Step::Prepare, ErrorKind::Cancelled)))?;
    Ok(match media.kind {
        Some(kind) => described.sent_as(kind)?,
        None => described,
    })
}

async fn upload<H: Transport>(
    context: &Context<H>,
    job: &OutboxJob,
    session: &Session,
    media: &mut MediaToSend<H::Source>,
    options: &mut RunOptions<'_>,
) -> Result<Uploaded, Error> {
    loop {
        match job.take_upload(session)? {
            UploadTurn::Finished(uploaded) => {
                let used = Some(&uploaded);
                compare::<H>(job, session, used, media, options.token()).await?;
                return Ok(uploaded);
            }
            UploadTurn::Taken => break,
            UploadTurn::Busy => {
                if options.token().is_cancelled() {
                    return Err(Error::new(Step::Upload, ErrorKind::Cancelled));
                }
                H::sleep(UPLOAD_POLL, options.token()).await;
            }
        }
    }
    let _turn = context.turn(options.token()).await;
    let policy = context.policy();
    let given = described::<H>(media, options.token()).await?;
    job.check_media(session, &given)?;
    let OutboxFlow { mut flow, checkpoint } = job.upload(session, given, &policy)?;
    options.set_checkpoint(checkpoint);
    let Context { session, http, .. } = context;
    drive(http, session, &mut media.source, &mut flow, options, &mut ()).await
}

/// Shows the outbox, not the client.
impl<H> fmt::Debug for ClientOutbox<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOutbox").field("outbox", &self.outbox).finish_non_exhaustive()
    }
}
