mod account;
mod builder;
mod login;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wx_client::seed;
use wx_client::session_cell::SessionCell;
use wx_proto::flow::{FetchImage, SendImage, SendUploaded, Upload};
use wx_proto::{
    Error, Fetched, ImageVariant, MsgId, Policy, Recipient, Sent, Session, SourceError, Step,
    Uploaded,
};

use crate::pace::Pace;
use crate::{Http, Sink, Source, Watch, drive};

pub use builder::{BuildError, ClientBuilder};
pub use login::{LoginError, NewLogin};

/// Sends and fetches pictures for one login, and waits for its messages. Clones are cheap and share
/// their connections and the session; use them from any thread.
#[derive(Clone)]
pub struct Client {
    session: SessionCell,
    policy: Arc<Policy>,
    pub(crate) pace: Pace,
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

    /// Returns a builder for a client with custom settings.
    pub fn builder(session: Session) -> ClientBuilder {
        ClientBuilder::of(session)
    }

    /// Returns a snapshot of the session. Replies of the server change the session of the client
    /// and its clones, but not the snapshot.
    #[must_use]
    pub fn session(&self) -> Session {
        self.session.get()
    }

    /// Returns the session that all clones of the client share, for [`drive()`].
    #[must_use]
    pub fn session_cell(&self) -> &SessionCell {
        &self.session
    }

    fn of(session: Session, policy: Policy, pace: Duration, http: Http) -> Self {
        Self {
            session: SessionCell::new(session),
            policy: Arc::new(policy),
            pace: Pace::new(pace),
            http,
        }
    }

    /// Returns the HTTP client, for [`drive()`] with custom flows.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Uploads a picture and sends it to `to`.
    ///
    /// # Errors
    /// [`Error::outcome`] says whether the message may have been delivered.
    pub fn send_image(&self, to: &Recipient, picture: Source) -> Result<Sent, Error> {
        self.send_image_with(to, picture, Watch::new())
    }

    /// Like [`send_image`](Self::send_image), with progress reporting and cancellation.
    ///
    /// # Errors
    /// As for [`send_image`](Self::send_image).
    pub fn send_image_with(
        &self,
        to: &Recipient,
        mut picture: Source,
        mut watch: Watch<'_>,
    ) -> Result<Sent, Error> {
        let _turn = self.pace.turn(&mut watch);
        let about = picture.picture(&self.policy)?;
        let mut flow = SendImage::new(&self.session(), about, to.clone(), seed()?, self.policy())?;
        if watch.has_checkpoint() {
            flow = flow.checkpointed();
        }
        drive(&self.http, &self.session, &mut picture, &mut flow, &mut watch)
    }

    /// Uploads a picture without sending it. `to` is the first of its recipients.
    ///
    /// # Errors
    /// On error nothing was sent.
    pub fn upload(&self, to: &Recipient, picture: Source) -> Result<Uploaded, Error> {
        self.upload_with(to, picture, Watch::new())
    }

    /// Like [`upload`](Self::upload), with progress reporting and cancellation.
    ///
    /// # Errors
    /// As for [`upload`](Self::upload).
    pub fn upload_with(
        &self,
        to: &Recipient,
        mut picture: Source,
        mut watch: Watch<'_>,
    ) -> Result<Uploaded, Error> {
        let _turn = self.pace.turn(&mut watch);
        let about = picture.picture(&self.policy)?;
        let mut flow = Upload::new(&self.session(), about, to.clone(), seed()?, self.policy())?;
        if watch.has_checkpoint() {
            flow = flow.checkpointed();
        }
        drive(&self.http, &self.session, &mut picture, &mut flow, &mut watch)
    }

    /// Sends a picture that was already uploaded. One upload serves any number of recipients.
    ///
    /// # Errors
    /// [`Error::outcome`] says whether the message may have been delivered.
    pub fn send_uploaded(&self, to: &Recipient, uploaded: &Uploaded) -> Result<Sent, Error> {
        self.send_uploaded_with(to, uploaded, Watch::new())
    }

    /// Like [`send_uploaded`](Self::send_uploaded), with progress reporting and cancellation.
    ///
    /// # Errors
    /// As for [`send_uploaded`](Self::send_uploaded).
    pub fn send_uploaded_with(
        &self,
        to: &Recipient,
        uploaded: &Uploaded,
        mut watch: Watch<'_>,
    ) -> Result<Sent, Error> {
        let mut flow = SendUploaded::new(
            &self.session(),
            uploaded.clone(),
            to.clone(),
            seed()?,
            self.policy(),
        )?;
        if watch.has_checkpoint() {
            flow = flow.checkpointed();
        }
        drive(&self.http, &self.session, &mut (), &mut flow, &mut watch)
    }

    /// Fetches the picture of a message.
    ///
    /// # Errors
    /// On error the sink is left unchanged, except for [`Sink::writer`], which keeps what was
    /// written.
    pub fn fetch_image(
        &self,
        id: &MsgId,
        size: ImageVariant,
        sink: Sink<'_>,
    ) -> Result<Fetched, Error> {
        self.fetch_image_with(id, size, sink, Watch::new())
    }

    /// Like [`fetch_image`](Self::fetch_image), with progress reporting and cancellation.
    ///
    /// # Errors
    /// As for [`fetch_image`](Self::fetch_image).
    pub fn fetch_image_with(
        &self,
        id: &MsgId,
        size: ImageVariant,
        mut sink: Sink<'_>,
        mut watch: Watch<'_>,
    ) -> Result<Fetched, Error> {
        let restartable = sink.is_restartable();
        let mut flow = FetchImage::new(
            &self.session(),
            id.clone(),
            size,
            restartable,
            seed()?,
            self.policy(),
        )?;
        let fetched = drive(&self.http, &self.session, &mut sink, &mut flow, &mut watch)?;
        sink.finish().map_err(|error| Error::new(Step::Download, SourceError::from(error)))?;
        Ok(fetched)
    }

    pub(crate) fn policy(&self) -> Policy {
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
