use std::fmt;
use std::time::Duration;

use wx_client::BuildError;
use wx_proto::{Policy, Session, SessionError, Site};

use super::Client;
use crate::Http;

/// Settings for a [`Client`]: one for a login that is there, or one that [logs
/// in](Client::login).
#[must_use]
pub struct ClientBuilder<Start = Session> {
    pub(super) start: Start,
    pub(super) policy: Policy,
    pub(super) pace: Duration,
    pub(super) http: Option<Http>,
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

    /// Uses this HTTP client, which any number of sessions can share, either those of loopback
    /// servers or those of all others: each of them then costs
    /// neither a TLS set-up nor a pool of connections. Make one with [`Http::new`] for custom
    /// settings, such as proxies and certificates, or take that of
    /// [another client](Client::http).
    pub fn http(mut self, http: &Http) -> Self {
        self.http = Some(http.clone());
        self
    }

    pub(super) fn http_for(http: Option<Http>, site: &Site) -> Result<Http, BuildError> {
        match http {
            Some(http) => http.checked(site),
            None => Http::new(None, site),
        }
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
        let http = Self::http_for(self.http, self.start.site())?;
        Ok(Client::of(self.start, self.policy, self.pace, http))
    }
}

impl<Start: fmt::Debug> fmt::Debug for ClientBuilder<Start> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("start", &self.start).finish_non_exhaustive()
    }
}
