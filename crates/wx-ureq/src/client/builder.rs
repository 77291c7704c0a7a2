use std::fmt;
use std::time::Duration;

use ureq::config::Config;
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
    pub(super) config: Option<Config>,
}

/// Why a [`Client`] could not be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// No TLS library for https: enable the feature `rustls` or `native-tls`. A configuration that
    /// was brought along has to name the one that is enabled.
    NoTls,
    /// The configuration switches off the verification of certificates.
    Unverified,
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
        Self { start, policy: Policy::default(), pace: Duration::ZERO, config: None }
    }

    /// Limits, tries and waits.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The least time from the end of one picture to the start of the next, or from start to start
    /// of those that are under way at once, over all clones of the client; zero, the default, is
    /// none. For sends and uploads alone: [`Client::send_uploaded`] and fetches do not wait. The
    /// wait comes before anything is read or sent; a cancelled job does not wait on.
    ///
    /// After 20 to 40 pictures in a row people report Ret 1205, "too frequent" (`docs/protocol.md`
    /// §7.1). What the server counts, and over which time, is not known.
    ///
    /// ```
    /// # fn pace(session: wx_ureq::wx_proto::Session) -> Result<(), wx_ureq::BuildError> {
    /// use std::time::Duration;
    ///
    /// let client = wx_ureq::Client::builder(session).pace(Duration::from_secs(3)).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pace(mut self, least: Duration) -> Self {
        self.pace = least;
        self
    }

    /// A configuration of ureq's own, for proxies, certificates, buffers, best built from
    /// [`Http::defaults`]. What [`Http::new`] lists is set after it. If it says nothing about
    /// proxies, the environment decides.
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
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
        let http = Http::new(self.config, self.start.site())?;
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
            Self::Unverified => f.write_str("the configuration does not verify certificates"),
            Self::Proxy(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for BuildError {}
