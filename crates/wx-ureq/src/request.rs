use std::fmt;

use wx_client::begin::{Begin, resume_error};
use wx_client::checkpoint::CheckpointStore;
use wx_client::clock::unix_ms;
use wx_client::{CancelToken, RunOptions};
use wx_proto::flow::{
    ExchangeSummary, Flow, Progress, ResumeOptions, SendImage, SendUploaded, Upload,
};
use wx_proto::{ApiRequest, Error, SourceError, Step};

use crate::{Client, MediaIo, Sink, Source, drive};

/// An operation of a [`Client`], with its options. Nothing is sent before it is
/// [run](Request::run).
#[must_use = "nothing is sent before it is run"]
pub struct Request<'a, F> {
    client: Client,
    begin: Begin<'a, F, Source, Sink<'a>>,
    options: RunOptions<'a>,
    /// Has the flow hand out its states, if it can.
    checkpointed: Option<fn(F) -> F>,
    resend: bool,
}

impl<'a, F> Request<'a, F> {
    pub(crate) fn new(client: &Client, begin: Begin<'a, F, Source, Sink<'a>>) -> Self {
        let client = client.clone();
        Self { client, begin, options: RunOptions::new(), checkpointed: None, resend: false }
    }

    /// Sets how the flow hands out its states.
    pub(crate) fn saved_by(self, checkpointed: fn(F) -> F) -> Self {
        Self { checkpointed: Some(checkpointed), ..self }
    }

    fn with(self, set: impl FnOnce(RunOptions<'a>) -> RunOptions<'a>) -> Self {
        Self { options: set(self.options), ..self }
    }

    /// Calls `callback` after each step, before the next one is acted on: when
    /// [`Progress::in_doubt`] is set, the message is about to leave.
    pub fn progress(self, callback: impl FnMut(&Progress) + Send + 'a) -> Self {
        self.with(|options| options.progress(callback))
    }

    /// Calls `callback` after each exchange with the server, with what a bug report needs and no
    /// value that was sent or received.
    pub fn trace(self, callback: impl FnMut(&ExchangeSummary) + Send + 'a) -> Self {
        self.with(|options| options.trace(callback))
    }

    /// Calls `callback` with each request before it is sent. A request holds the secrets of the
    /// login.
    pub fn on_request(self, callback: impl FnMut(&ApiRequest) + Send + 'a) -> Self {
        self.with(|options| options.on_request(callback))
    }

    /// Stops once `token` is cancelled: between two actions, between two pieces of a reply, when a
    /// chunk (or 128 KiB of it) has been written, and while it waits. A read or write that is under
    /// way ends first, which takes as long as the stall in the policy at worst. A message that may
    /// have been delivered by then ends as
    /// [`ErrorKind::Uncertain`](wx_proto::ErrorKind::Uncertain).
    pub fn cancel(self, token: &CancelToken) -> Self {
        self.with(|options| options.cancel(token))
    }

    /// Replaces all options, the store of a [`checkpoint`](Request::checkpoint) included.
    pub fn options(self, options: RunOptions<'a>) -> Self {
        Self { options, ..self }
    }
}

/// Requests whose states can be stored.
macro_rules! checkpoint {
    ($($flow:ident: $resume:literal),*) => {$(
        impl Request<'_, $flow> {
            /// Stores each state of the job in `store`, before anything that it records leaves. If
            /// the program is killed,
            #[doc = $resume]
            /// goes on from the last state. When the request is done, record its result and delete
            /// the state.
            pub fn checkpoint(self, store: CheckpointStore) -> Self {
                self.with(|options| options.checkpoint(store))
            }
        }
    )*};
}

checkpoint!(
    SendImage: "[`Client::resume`]",
    SendUploaded: "[`Client::resume_uploaded`]",
    Upload: "[`Client::resume_upload`]"
);

/// Requests that may go on with a message in doubt.
macro_rules! resend {
    ($($flow:ident),*) => {$(
        impl Request<'_, $flow> {
            /// Sends a resumed message in doubt once more, under its own ClientMsgId, even if
            /// [`Policy::resend_within`](wx_proto::Policy::resend_within) has passed since it first
            /// left. The server is expected to drop a message that it has already seen, but we have
            /// no proof: check the conversation first.
            pub fn resend(self) -> Self {
                Self { resend: true, ..self }
            }
        }
    )*};
}

resend!(SendImage, SendUploaded);

impl<T, F: Flow<Output = Result<T, Error>>> Request<'_, F> {
    /// Runs the request to its end.
    ///
    /// # Errors
    /// [`Error::outcome`] tells whether a message may have been sent all the same,
    /// [`Error::advice`] what to do.
    pub fn run(self) -> Result<T, Error> {
        let Self { client, begin, options, checkpointed, resend } = self;
        let policy = client.policy();
        let mut run = Run { client: &client, options, checkpointed };
        match begin {
            Begin::Plain(begin) => run.drive(begin(&client.session(), policy)?, &mut ()),
            Begin::Send(mut source, begin) => {
                let _turn = client.turn(run.options.token());
                let media = source.media(&policy)?;
                run.drive(begin(&client.session(), media, policy)?, &mut source)
            }
            Begin::Resume(source, begin) => {
                let _turn = match source {
                    Some(_) => Some(client.turn(run.options.token())),
                    None => None,
                };
                let at = ResumeOptions { unix_ms: Some(unix_ms()), resend };
                let flow = begin(&client.session(), policy, at).map_err(resume_error)?;
                match source {
                    Some(mut source) => run.drive(flow, &mut source),
                    None => run.drive(flow, &mut ()),
                }
            }
            Begin::Fetch(mut sink, begin) => {
                let flow = begin(&client.session(), sink.is_restartable(), policy)?;
                let fetched = run.drive(flow, &mut sink)?;
                let kept = sink.finish();
                kept.map_err(|error| Error::new(Step::Download, SourceError::from(error)))?;
                Ok(fetched)
            }
        }
    }
}

/// What a request is driven with.
struct Run<'a, F> {
    client: &'a Client,
    options: RunOptions<'a>,
    checkpointed: Option<fn(F) -> F>,
}

impl<F: Flow> Run<'_, F> {
    fn drive(&mut self, flow: F, media: &mut impl MediaIo) -> F::Output {
        let mut flow = match self.checkpointed {
            Some(checkpointed) if self.options.has_checkpoint() => checkpointed(flow),
            _ => flow,
        };
        let client = self.client;
        drive(client.http(), client.session_cell(), media, &mut flow, &mut self.options)
    }
}

impl<F> fmt::Debug for Request<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("begin", &self.begin).finish_non_exhaustive()
    }
}
