use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wx_proto::flow::{FetchImage, SendImage, SendUploaded, Upload};
use wx_proto::{
    Error, Fetched, IdSource, ImageSize, LocalError, MsgId, Policy, Seed, Sent, Session, SessionError, Step,
    Uploaded, UserName,
};

use crate::pace::Pace;
use crate::{Http, Sink, Source, Watch, drive};

/// Sends and fetches pictures for one login. Clones are cheap and share their connections; use them from any
/// task. Needs a tokio runtime.
#[derive(Clone)]
pub struct Client {
    session: Arc<Session>,
    policy: Arc<Policy>,
    pace: Pace,
    http: Http,
}

/// Settings for a [`Client`].
#[must_use]
pub struct ClientBuilder {
    session: Session,
    policy: Policy,
    pace: Duration,
    http: reqwest::ClientBuilder,
}

/// Why a [`Client`] could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// No TLS library for https: enable the feature `rustls` or `native-tls`.
    NoTls,
    /// reqwest could not be set up: TLS library, certificates, or the builder that was brought.
    Client,
}

impl Client {
    /// A client with default settings.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn new(session: Session) -> Result<Self, BuildError> {
        Self::builder(session).build()
    }

    /// A client with settings of one's own.
    pub fn builder(session: Session) -> ClientBuilder {
        ClientBuilder {
            session,
            policy: Policy::default(),
            pace: Duration::ZERO,
            http: reqwest::Client::builder(),
        }
    }

    /// The login.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// What [`drive()`] needs, for flows of one's own.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Sends a picture: uploads it and hands the message over.
    ///
    /// When the future is dropped, the job ends there; a message that was on its way may still arrive. To be able to go
    /// on with it, use [`drive()`] with a flow of one's own.
    ///
    /// # Errors
    /// [`Error::outcome`] tells whether the message may have been sent all the same.
    pub async fn send_image(&self, to: &UserName, picture: Source) -> Result<Sent, Error> {
        self.send_image_with(to, picture, Watch::new()).await
    }

    /// As [`Client::send_image`], watched, and the same when dropped.
    ///
    /// # Errors
    /// The same.
    pub async fn send_image_with(
        &self,
        to: &UserName,
        mut picture: Source,
        mut watch: Watch<'_>,
    ) -> Result<Sent, Error> {
        let _turn = self.pace.turn().await;
        let about = picture.picture(&self.policy).await?;
        let mut flow = SendImage::new(&self.session, about, to.clone(), seed()?, self.policy())?;
        drive(&self.http, &mut picture, &mut flow, &mut watch).await
    }

    /// Uploads a picture without sending it. `to` is the first of its recipients.
    ///
    /// When the future is dropped, the upload ends there and nobody sees anything of it.
    ///
    /// # Errors
    /// Nothing was sent then.
    pub async fn upload(&self, to: &UserName, picture: Source) -> Result<Uploaded, Error> {
        self.upload_with(to, picture, Watch::new()).await
    }

    /// As [`Client::upload`], watched, and the same when dropped.
    ///
    /// # Errors
    /// The same.
    pub async fn upload_with(
        &self,
        to: &UserName,
        mut picture: Source,
        mut watch: Watch<'_>,
    ) -> Result<Uploaded, Error> {
        let _turn = self.pace.turn().await;
        let about = picture.picture(&self.policy).await?;
        let mut flow = Upload::new(&self.session, about, to.clone(), seed()?, self.policy())?;
        drive(&self.http, &mut picture, &mut flow, &mut watch).await
    }

    /// Sends a picture that is uploaded already: one upload, any number of recipients.
    ///
    /// When the future is dropped, the message may still arrive.
    ///
    /// # Errors
    /// [`Error::outcome`] tells whether the message may have been sent all the same.
    pub async fn send_uploaded(&self, to: &UserName, uploaded: &Uploaded) -> Result<Sent, Error> {
        self.send_uploaded_with(to, uploaded, Watch::new()).await
    }

    /// As [`Client::send_uploaded`], watched, and the same when dropped.
    ///
    /// # Errors
    /// The same.
    pub async fn send_uploaded_with(
        &self,
        to: &UserName,
        uploaded: &Uploaded,
        mut watch: Watch<'_>,
    ) -> Result<Sent, Error> {
        let mut flow =
            SendUploaded::new(&self.session, uploaded.clone(), to.clone(), seed()?, self.policy())?;
        drive(&self.http, &mut (), &mut flow, &mut watch).await
    }

    /// Fetches the picture of a message.
    ///
    /// When the future is dropped, the sink is as after an error.
    ///
    /// # Errors
    /// The sink is as it was before then, a writer excepted.
    pub async fn fetch_image(&self, id: &MsgId, size: ImageSize, sink: Sink<'_>) -> Result<Fetched, Error> {
        self.fetch_image_with(id, size, sink, Watch::new()).await
    }

    /// As [`Client::fetch_image`], watched, and the same when dropped.
    ///
    /// # Errors
    /// The same.
    pub async fn fetch_image_with(
        &self,
        id: &MsgId,
        size: ImageSize,
        mut sink: Sink<'_>,
        mut watch: Watch<'_>,
    ) -> Result<Fetched, Error> {
        let restartable = sink.is_restartable();
        let mut flow = FetchImage::new(&self.session, id.clone(), size, restartable, seed()?, self.policy())?;
        let fetched = drive(&self.http, &mut sink, &mut flow, &mut watch).await?;
        sink.finish().await.map_err(|error| Error::new(Step::Download, LocalError::from(error)))?;
        Ok(fetched)
    }

    fn policy(&self) -> Policy {
        Policy::clone(&self.policy)
    }
}

impl ClientBuilder {
    /// Limits, tries and waits.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The least time from the end of one picture to the start of the next, or from start to start of those that are
    /// under way at once, over all clones of the client; zero, the default, is none. For sends and uploads alone:
    /// [`Client::send_uploaded`] and fetches do not wait. The wait comes before anything is read or sent.
    /// A future that is dropped while it waits takes its turn with it.
    ///
    /// After 20 to 40 pictures in a row people report Ret 1205, "too frequent" (`docs/protocol.md` §7.1). What the server
    /// counts, and over which time, is not known.
    ///
    /// ```
    /// # fn pace(session: wx_reqwest::wx_proto::Session) -> Result<(), wx_reqwest::BuildError> {
    /// use std::time::Duration;
    ///
    /// let client = wx_reqwest::Client::builder(session).pace(Duration::from_secs(3)).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pace(mut self, least: Duration) -> Self {
        self.pace = least;
        self
    }

    /// The `User-Agent` of every request, instead of a desktop browser's.
    ///
    /// # Errors
    /// If it is not printable ASCII.
    pub fn user_agent(mut self, user_agent: &str) -> Result<Self, SessionError> {
        self.session.set_user_agent(user_agent)?;
        Ok(self)
    }

    /// A builder of reqwest's own, for proxies, certificates, name resolution. What [`Http::new`] lists is set after it.
    pub fn http(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.http = builder;
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(self) -> Result<Client, BuildError> {
        let http = Http::new(self.http, self.session.site())?;
        Ok(Client {
            session: Arc::new(self.session),
            policy: Arc::new(self.policy),
            pace: Pace::new(self.pace),
            http,
        })
    }
}

/// A seed for a flow of one's own, of the wall clock and the system's randomness. Every flow needs its own.
///
/// # Errors
/// If the system has no random bytes.
pub fn seed() -> Result<Seed, Error> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut entropy = [0; 16];
    getrandom::fill(&mut entropy)
        .map_err(|_| LocalError::new(std::io::ErrorKind::Other, "no random bytes to be had"))?;
    let unix_ms = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
    Ok(IdSource::process().seed(unix_ms, entropy))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("session", &self.session)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("session", &self.session).finish_non_exhaustive()
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTls => "no TLS library for https: enable the feature rustls or native-tls",
            Self::Client => "the HTTP client could not be set up",
        })
    }
}

impl std::error::Error for BuildError {}
