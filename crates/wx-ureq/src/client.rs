mod account;
mod builder;
mod login;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wx_client::begin::Begin;
use wx_client::clock::unix_ms;
use wx_client::pacer::{Pacer, Turn};
use wx_client::session_cell::SessionCell;
use wx_client::{BuildError, CancelToken, seed};
use wx_proto::endpoint::Endpoint;
use wx_proto::flow::{
    FetchImage, Flow, OneCall, ResumeError, ResumeOptions, SendImage, SendUploaded, Snapshot,
    Upload,
};
use wx_proto::{Error, ImageVariant, Media, MsgId, Policy, Recipient, Session, Uploaded};

use crate::{Http, Request, Sink, Source};

pub use builder::ClientBuilder;

/// Sends and fetches pictures for one login, and waits for its messages. Clones are cheap and share
/// their connections and the session; use them from any thread.
#[derive(Clone)]
pub struct Client {
    session: SessionCell,
    policy: Arc<Policy>,
    pacer: Pacer,
    http: Http,
}

impl Client {
    /// Creates a client with default settings.
    ///
    /// # Errors
    /// [`BuildError::NoTls`] if it was built without a TLS feature and the session is not a
    /// loopback one.
    pub fn new(session: Session) -> Result<Self, BuildError> {
        Self::builder(session).build()
    }

    /// Returns a builder of a client with custom settings.
    pub fn builder(session: Session) -> ClientBuilder {
        ClientBuilder::of(session)
    }

    /// Returns a snapshot of the session. Replies of the server change the session of the client
    /// and its clones, but not the snapshot.
    #[must_use]
    pub fn session(&self) -> Session {
        self.session.get()
    }

    /// Returns the session that all clones of the client share, for [`drive()`](crate::drive()).
    #[must_use]
    pub fn session_cell(&self) -> &SessionCell {
        &self.session
    }

    fn of(session: Session, policy: Policy, pace: Duration, http: Http) -> Self {
        Self {
            session: SessionCell::new(session),
            policy: Arc::new(policy),
            pacer: Pacer::new(pace),
            http,
        }
    }

    /// Returns the HTTP client, for [`drive()`](crate::drive()) or to share it with
    /// [other sessions](ClientBuilder::http).
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Uploads a picture and sends it to `to`.
    ///
    /// ```no_run
    /// # use wx_ureq::wx_proto::Recipient;
    /// # use wx_ureq::{CancelToken, Client, Source};
    /// # fn send(client: &Client, to: &Recipient, stop: &CancelToken)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let sent = client
    ///     .send_image(to, Source::path("cat.jpg")?)
    ///     .progress(|now| println!("{} bytes", now.done))
    ///     .cancel(stop)
    ///     .run()?;
    /// println!("message {}", sent.msg_id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_image(&self, to: &Recipient, source: Source) -> Request<'static, SendImage> {
        let to = to.clone();
        self.send(source, SendImage::checkpointed, |session, media, policy| {
            SendImage::new(session, media, to, seed()?, policy)
        })
    }

    /// Uploads a picture without sending it. `to` is the first of its recipients.
    pub fn upload(&self, to: &Recipient, source: Source) -> Request<'static, Upload> {
        let to = to.clone();
        self.send(source, Upload::checkpointed, |session, media, policy| {
            Upload::new(session, media, to, seed()?, policy)
        })
    }

    /// Sends a picture that was already uploaded. One upload serves any number of recipients.
    pub fn send_uploaded(
        &self,
        to: &Recipient,
        uploaded: &Uploaded,
    ) -> Request<'static, SendUploaded> {
        let (to, uploaded) = (to.clone(), uploaded.clone());
        self.plain(move |session, policy| SendUploaded::new(session, uploaded, to, seed()?, policy))
            .saved_by(SendUploaded::checkpointed)
    }

    /// Goes on with a message from a state that was stored by
    /// [`checkpoint`](Request::checkpoint), in the same login. `source` is the same picture; it is
    /// read only if the upload was not finished.
    ///
    /// A message in doubt leaves once more within [`Policy::resend_within`] of the first time;
    /// after that it ends as uncertain, unless [`resend`](Request::resend) is set. Store the states
    /// of this request too: once it has sent the message, the state that it began with is no longer
    /// true.
    ///
    /// # Errors
    /// [`ResumeError`]; nothing is sent then.
    pub fn resume(
        &self,
        snapshot: Snapshot,
        source: Source,
    ) -> Result<Request<'static, SendImage>, ResumeError> {
        let source = Some(source).filter(|_| snapshot.uploaded().is_none());
        Ok(self.resumed(snapshot, source, SendImage::resume)?.saved_by(SendImage::checkpointed))
    }

    /// Goes on with an [`upload`](Client::upload) from a state that was stored, in the same login,
    /// and sends nothing. A state with an [`uploaded`](Snapshot::uploaded) picture is finished.
    ///
    /// # Errors
    /// [`ResumeError`]; nothing is sent then.
    pub fn resume_upload(
        &self,
        snapshot: Snapshot,
        source: Source,
    ) -> Result<Request<'static, Upload>, ResumeError> {
        Ok(self.resumed(snapshot, Some(source), Upload::resume)?.saved_by(Upload::checkpointed))
    }

    /// Goes on with a message of an [uploaded](Client::send_uploaded) picture, like
    /// [`resume`](Client::resume).
    ///
    /// # Errors
    /// [`ResumeError`]; nothing is sent then.
    pub fn resume_uploaded(
        &self,
        snapshot: Snapshot,
    ) -> Result<Request<'static, SendUploaded>, ResumeError> {
        Ok(self.resumed(snapshot, None, SendUploaded::resume)?.saved_by(SendUploaded::checkpointed))
    }

    /// Fetches the picture of a message. On error the sink is left unchanged, except for
    /// [`Sink::writer`], which keeps what was written, and [`Sink::vec`], which is emptied.
    pub fn fetch_image<'a>(
        &self,
        id: &MsgId,
        variant: ImageVariant,
        sink: Sink<'a>,
    ) -> Request<'a, FetchImage> {
        let id = id.clone();
        let begin = move |session: &Session, restartable, policy| {
            FetchImage::new(session, id, variant, restartable, seed()?, policy)
        };
        Request::new(self, Begin::Fetch(sink, Box::new(begin)))
    }

    /// Makes one call with any [`Endpoint`], of [`wx_proto`] or your own. A try that fails is made
    /// again: see [`OneCall`]. If the call must not reach the server twice, [run](Client::run) a
    /// [`OneCall::once`].
    pub fn call<E: Endpoint + Send + 'static>(&self, endpoint: E) -> Request<'static, OneCall<E>>
    where
        E::Reply: Clone,
    {
        self.plain(move |session, policy| Ok(OneCall::new(endpoint, session, seed()?, policy)))
    }

    /// Runs any flow that touches no media. If the flow hands out its states, give it a store with
    /// [`options`](Request::options). To keep the flow, or to run one that reads or writes
    /// media, use [`drive()`](crate::drive()).
    pub fn run<F: Flow + Send + 'static>(&self, flow: F) -> Request<'static, F> {
        self.plain(move |_, _| Ok(flow))
    }

    pub(crate) fn plain<F>(
        &self,
        begin: impl FnOnce(&Session, Policy) -> Result<F, Error> + Send + 'static,
    ) -> Request<'static, F> {
        Request::new(self, Begin::Plain(Box::new(begin)))
    }

    fn send<F>(
        &self,
        source: Source,
        checkpointed: fn(F) -> F,
        begin: impl FnOnce(&Session, Media, Policy) -> Result<F, Error> + Send + 'static,
    ) -> Request<'static, F> {
        Request::new(self, Begin::Send(source, Box::new(begin))).saved_by(checkpointed)
    }

    /// Checks that `snapshot` can be resumed. The flow is made when it is driven: the age of a
    /// message in doubt is counted from then.
    fn resumed<F: 'static>(
        &self,
        snapshot: Snapshot,
        source: Option<Source>,
        resume: fn(&Session, Snapshot, Policy, ResumeOptions) -> Result<F, ResumeError>,
    ) -> Result<Request<'static, F>, ResumeError> {
        let at = ResumeOptions { unix_ms: Some(unix_ms()), resend: false };
        resume(&self.session(), snapshot.clone(), self.policy(), at)?;
        let begin = move |session: &Session, policy, at| resume(session, snapshot, policy, at);
        Ok(Request::new(self, Begin::Resume(source, Box::new(begin))))
    }

    /// Waits for the turn of a picture, or until the job is cancelled.
    pub(crate) fn turn(&self, token: &CancelToken) -> Turn<'_> {
        let turn = self.pacer.turn();
        token.sleep(turn.wait);
        turn
    }

    /// Returns the policy of the client.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy::clone(&self.policy)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("session", &self.session())
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
