use std::fmt;
use std::pin::{Pin, pin};

use wx_proto::flow::{Flow, ResumeOptions, SendMessage, Upload};
use wx_proto::{Error, ErrorKind, MediaKind, SourceError, Step};

use super::begin::{Begin, resume_error};
use super::context::Context;
use crate::cancel_token::CancelToken;
use crate::checkpoint::CheckpointStore;
use crate::clock::unix_ms;
use crate::drive::{drive, unless_cancelled};
use crate::media_io::{MediaIo, MediaSink as _, MediaSource as _};
use crate::run_options::{RunOptions, option_setters};
use crate::transport::{AsyncTransport, BlockingTransport, Transport};

/// An operation of a [`Client`](crate::Client), with its options. Nothing is sent before it is
/// [run](Request::run), or awaited if the client is asynchronous.
///
/// If the future is dropped, the operation ends. Its message may have been delivered, and its sink
/// is left as after an error. To learn the outcome, [cancel](Request::cancel) the operation
/// instead. To continue it later, [store its states](Request::checkpoint).
///
/// The lifetime is the lifetime of the callbacks, and cannot be shortened later. A function that
/// returns a request without options should therefore return `Request<'a, …>` for any `'a`, not
/// `Request<'static, …>`.
#[must_use = "nothing is sent before it is run or awaited"]
pub struct Request<'a, F, H: Transport> {
    context: Context<H>,
    begin: Begin<'a, F, H::Source, H::Sink<'a>>,
    options: RunOptions<'a>,
    /// The function that makes the flow save its states, if it can.
    checkpointed: Option<fn(F) -> F>,
    resend: bool,
    /// The kind to send the media as. By default its first bytes decide.
    kind: Option<MediaKind>,
}

impl<'a, F, H: Transport> Request<'a, F, H> {
    pub(crate) fn new(context: &Context<H>, begin: Begin<'a, F, H::Source, H::Sink<'a>>) -> Self {
        let (context, options) = (context.clone(), RunOptions::new());
        Self { context, begin, options, checkpointed: None, resend: false, kind: None }
    }

    /// Sets the function that makes the flow save its states.
    pub(crate) fn checkpointed_by(self, checkpointed: fn(F) -> F) -> Self {
        Self { checkpointed: Some(checkpointed), ..self }
    }

    option_setters!('a);

    fn with(self, set: impl FnOnce(RunOptions<'a>) -> RunOptions<'a>) -> Self {
        Self { options: set(self.options), ..self }
    }

    /// Stops once `token` is cancelled. If a message may have been delivered, the result is
    /// [`ErrorKind::Uncertain`].
    ///
    /// A blocking client stops between two actions, between two pieces of a body (of up to 128
    /// KiB), and while it waits. It does not stop in the middle of a read or write, which takes at
    /// most the stall time of the policy.
    pub fn cancel(self, token: &CancelToken) -> Self {
        self.with(|options| options.cancel(token))
    }
}

/// Implements `checkpoint` for requests whose states can be stored.
macro_rules! checkpoint {
    ($($flow:ident: $resume:literal),*) => {$(
        impl<H: Transport> Request<'_, $flow, H> {
            /// Stores each state of the job in `store`, before anything that it records is sent. If
            /// the program is killed,
            #[doc = $resume]
            /// continues from the last state. When the request is done, record its result and
            /// delete the state.
            pub fn checkpoint(self, store: CheckpointStore) -> Self {
                self.with(|options| options.checkpoint(store))
            }
        }
    )*};
}

checkpoint!(
    SendMessage: "[`Client::resume`](crate::Client::resume)",
    Upload: "[`Client::resume_upload`](crate::Client::resume_upload)"
);

/// Implements `kind` for requests that send media.
macro_rules! kind {
    ($($flow:ident),*) => {$(
        impl<H: Transport> Request<'_, $flow, H> {
            /// Sets the kind that the media is sent as. The default depends on its
            /// [format](wx_proto::MediaFormat::kind). Media that cannot be sent as this kind is
            /// refused before anything is sent. Texts, resumed jobs, and uploaded media are not
            /// affected.
            pub fn kind(self, kind: MediaKind) -> Self {
                Self { kind: Some(kind), ..self }
            }
        }
    )*};
}

kind!(SendMessage, Upload);

impl<H: Transport> Request<'_, SendMessage, H> {
    /// Sends a resumed message in doubt again, under the same ClientMsgId, even if
    /// [`Policy::resend_within`](wx_proto::Policy::resend_within) has passed since it was first
    /// sent. The server is expected to drop a message that it has already seen, but this is not
    /// proven: check the conversation first.
    pub fn resend(self) -> Self {
        Self { resend: true, ..self }
    }
}

impl<T, F: Flow<Output = Result<T, Error>>, H: Transport> Request<'_, F, H> {
    /// Runs the request to its end.
    ///
    /// # Errors
    /// [`Error::outcome`] says whether a message may have been delivered nevertheless.
    /// [`Error::advice`] says what to do next.
    pub fn run(self) -> Result<T, Error>
    where
        H: BlockingTransport,
    {
        pollster::block_on(self.execute())
    }

    async fn execute(self) -> Result<T, Error> {
        let Self { context, begin, options, checkpointed, resend, kind } = self;
        let policy = context.policy();
        let mut run = Run { context: &context, options, checkpointed };
        let session = || context.session.get();
        match begin {
            Begin::Plain(begin) => run.drive(begin(&session(), policy)?, &mut ()).await,
            Begin::Send(mut source, begin) => {
                let _turn = context.turn(run.options.token()).await;
                let media = unless_cancelled(pin!(source.media()), run.options.token()).await;
                let cancelled = || Error::new(Step::Prepare, ErrorKind::Cancelled);
                let mut media = media.unwrap_or_else(|| Err(cancelled()))?;
                if let Some(kind) = kind {
                    media = media.sent_as(kind)?;
                }
                run.drive(begin(&session(), media, policy)?, &mut source).await
            }
            Begin::Resume(source, begin) => {
                let _turn = match source {
                    Some(_) => Some(context.turn(run.options.token()).await),
                    None => None,
                };
                let at = ResumeOptions { unix_ms: Some(unix_ms()), resend };
                let flow = begin(&session(), policy, at).map_err(resume_error)?;
                match source {
                    Some(mut source) => run.drive(flow, &mut source).await,
                    None => run.drive(flow, &mut ()).await,
                }
            }
            Begin::Fetch(mut sink, begin) => {
                let flow = begin(&session(), sink.is_restartable(), policy)?;
                let fetched = run.drive(flow, &mut sink).await?;
                let kept = sink.finish().await;
                kept.map_err(|error| Error::new(Step::Download, SourceError::from(error)))?;
                Ok(fetched)
            }
        }
    }
}

/// Runs the request to its end.
///
/// # Errors
/// [`Error::outcome`] says whether a message may have been delivered nevertheless.
/// [`Error::advice`] says what to do next.
impl<'a, T, F, H> IntoFuture for Request<'a, F, H>
where
    F: Flow<Output = Result<T, Error>> + Send + 'a,
    T: Send + 'a,
    H: AsyncTransport,
{
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.execute())
    }
}

/// The context and the options of a request that is run.
struct Run<'r, 'a, F, H> {
    context: &'r Context<H>,
    options: RunOptions<'a>,
    checkpointed: Option<fn(F) -> F>,
}

impl<F: Flow, H: Transport> Run<'_, '_, F, H> {
    async fn drive(&mut self, flow: F, media: &mut impl MediaIo) -> F::Output {
        let mut flow = match self.checkpointed {
            Some(checkpointed) if self.options.has_checkpoint() => checkpointed(flow),
            _ => flow,
        };
        let Context { session, http, .. } = self.context;
        drive(http, session, media, &mut flow, &mut self.options, &mut ()).await
    }
}

impl<F, H: Transport> fmt::Debug for Request<'_, F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("begin", &self.begin).finish_non_exhaustive()
    }
}
