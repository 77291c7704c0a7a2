use std::fmt;
use std::time::Duration;

use wx_client::proxy::ProxyError;
use wx_proto::{Policy, Session, SessionError};

use super::Client;
use crate::Http;

/// Settings for a [`Client`]: one for a login that is there, or one that [logs
/// in](Client::login_builder).
#[must_use]
pub struct ClientBuilder<Start = Session> {
    pub(super) start: Start,
    pub(super) policy: Policy,
    pub(super) pace: Duration,
    pub(super) http: Option<reqwest::ClientBuilder>,
}

/// Why a [`Client`] could not be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// No TLS library for https: enable the feature `rustls` or `native-tls`.
    NoTls,
    /// reqwest could not be set up: TLS library, certificates, or the builder that was brought.
    Client,
    /// The environment asks for a proxy that cannot be used.
    Proxy(ProxyError),
}

impl From<ProxyError> for BuildError {
    fn from(error: ProxyError) -> Self {
        Self::Proxy(error)
    }
}

impl<Start> ClientBuilder<Start> {
    pub(super) fn of(start: Start) -> Self {
        Self { start, policy: Policy::default(), pace: Duration::ZERO, http: None }
    }

    /// Limits, tries and waits.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The least time from the end of one picture to the start of the next, or from start to start
    /// of those that are under way at once, over all clones of the client; zero, the default, is
    /// none. For sends and uploads alone: [`Client::send_uploaded`] and fetches do not wait. The
    /// wait comes before anything is read or sent. A future that is dropped while it waits takes
    /// its turn with it.
    ///
    /// After 20 to 40 pictures in a row people report Ret 1205, "too frequent" (`docs/protocol.md`
    /// §7.1). What the server counts, and over which time, is not known.
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

    /// A builder of reqwest's own, for proxies, certificates, name resolution, best begun with
    /// [`Http::defaults`]. What [`Http::new`] lists is set after it. If it says nothing about
    /// proxies, the environment decides.
    pub fn http(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.http = Some(builder);
        self
    }
}

impl ClientBuilder {
    /// The `User-Agent` of every request, instead of a desktop browser's.
    ///
    /// # Errors
    /// If it is not printable ASCII.
    pub fn user_agent(mut self, user_agent: &str) -> Result<Self, SessionError> {
        self.start.set_user_agent(user_agent)?;
        Ok(self)
    }

    /// Makes the client.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(self) -> Result<Client, BuildError> {
        let http = Http::new(self.http, self.start.site())?;
        Ok(Client::of(self.start, self.policy, self.pace, http))
    }
}

impl<Start: fmt::Debug> fmt::Debug for ClientBuilder<Start> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("start", &self.start).finish_non_exhaustive()
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTls => f.write_str(
                "there is no TLS library for https: enable the feature rustls or native-tls",
            ),
            Self::Client => f.write_str("the HTTP client could not be set up"),
            Self::Proxy(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for BuildError {}
