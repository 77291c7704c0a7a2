use std::fmt;
use std::time::Duration;

use wx_proto::{Policy, Session, SessionError, Site};

use crate::build_error::BuildError;
use crate::client::Client;
use crate::transport::Transport;

impl<H: Transport> Client<H> {
    /// Creates a client with default settings.
    ///
    /// # Errors
    /// [`BuildError::NoTls`] if no TLS feature is enabled and the session is not on a loopback
    /// address, or another [`BuildError`].
    pub fn new(session: Session) -> Result<Self, BuildError> {
        Self::builder(session).build()
    }

    /// Returns a builder for a client with custom settings.
    pub fn builder(session: Session) -> ClientBuilder<H> {
        ClientBuilder::from_start(session)
    }
}

/// Settings for a [`Client`], either for an existing session or for a [login](Client::login).
#[must_use]
pub struct ClientBuilder<H, Start = Session> {
    pub(crate) start: Start,
    pub(crate) policy: Policy,
    pub(crate) pace: Duration,
    pub(crate) http: Option<H>,
}

impl<H: Transport, Start> ClientBuilder<H, Start> {
    pub(crate) fn from_start(start: Start) -> Self {
        Self { start, policy: Policy::default(), pace: Duration::ZERO, http: None }
    }

    /// Sets the limits, tries and waits.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets the minimum time from the end of one upload to the start of the next, across all clones
    /// of the client. For concurrent uploads, it is the minimum time from start to start. The
    /// default is zero.
    ///
    /// It applies to sends with an upload, and to uploads, but not to texts,
    /// [`Client::send_uploaded`] and fetches. The job waits before anything is read or sent, until
    /// its turn or until it is cancelled. If the future of a waiting job is dropped, no other job
    /// gets its turn.
    ///
    /// Users report Ret 1205, "too frequent", after 20 to 40 images in a row
    /// ([§7.1](wx_proto::protocol#s7-1)). The exact limit of the server is unknown.
    ///
    /// ```
    /// # use wx_client::{BuildError, Client, Transport};
    /// # fn pace<Http: Transport>(session: wx_proto::Session) -> Result<(), BuildError> {
    /// use std::time::Duration;
    ///
    /// let client = Client::<Http>::builder(session).pace(Duration::from_secs(3)).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pace(mut self, least: Duration) -> Self {
        self.pace = least;
        self
    }

    /// Uses this HTTP client: one with custom settings such as proxies and certificates
    /// (`Http::new` of the transport), or the one of [another client](Client::http).
    ///
    /// Any number of sessions can share one HTTP client, including its TLS set-up and its pool of
    /// connections. A session on a loopback address cannot share a client with other sessions.
    pub fn http(mut self, http: &H) -> Self {
        self.http = Some(http.clone());
        self
    }

    pub(crate) fn http_for(http: Option<H>, site: &Site) -> Result<H, BuildError> {
        match http {
            Some(http) if http.is_for_loopback() == site.hosts().is_loopback() => Ok(http),
            Some(_) => Err(BuildError::Loopback),
            None => H::for_site(site),
        }
    }
}

impl<H: Transport> ClientBuilder<H> {
    /// Sets the `User-Agent` of every request. By default, it names a desktop browser.
    ///
    /// # Errors
    /// If `user_agent` is not printable ASCII.
    pub fn user_agent(mut self, user_agent: &str) -> Result<Self, SessionError> {
        self.start.set_user_agent(user_agent)?;
        Ok(self)
    }

    /// Creates the client.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(self) -> Result<Client<H>, BuildError> {
        let http = Self::http_for(self.http, self.start.site())?;
        Ok(Client::from_parts(self.start, self.policy, self.pace, http))
    }
}

impl<H, Start: fmt::Debug> fmt::Debug for ClientBuilder<H, Start> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("start", &self.start).finish_non_exhaustive()
    }
}
