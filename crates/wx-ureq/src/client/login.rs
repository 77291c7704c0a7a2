//! Logging in: a client that begins without a session.

use std::error::Error as StdError;
use std::fmt;

use http::{HeaderName, HeaderValue};
use wx_client::session_cell::SessionCell;
use wx_client::{ToldStates, seed};
use wx_proto::flow::{Login, LoginState};
use wx_proto::{Error, Session, Site};

use super::{BuildError, Client, ClientBuilder};
use crate::{Http, Watch, drive_observed};

/// A login that has not begun: where to log in, and what to add to its requests. Created by
/// [`Client::login_builder`] and [`Client::push_builder`].
#[derive(Clone)]
pub struct NewLogin {
    from: How,
    headers: Vec<(HeaderName, HeaderValue)>,
    pairs: Vec<(String, String)>,
}

#[derive(Clone)]
enum How {
    Code(Site),
    Push(Box<Session>),
}

/// Why a login failed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LoginError {
    /// The client could not be created; nothing was sent.
    Build(BuildError),
    /// The login failed.
    Login(Error),
    /// The login page opened the login, which the phone lists from then on, but `webwxinit` failed.
    /// The login is not lost: save the session, create a [`Client`] from it, and
    /// [`restore`](Client::restore) it later or [log out](Client::logout).
    Unfinished {
        /// Why `webwxinit` failed.
        error: Error,
        /// The session, which [awaits webwxinit](Session::awaits_init).
        session: Box<Session>,
    },
}

impl Client {
    /// Logs in by a QR code and returns a client for that login. Calls `tell` with each state to
    /// show: the [link of the code](LoginState::Code), and that it was scanned, confirmed or
    /// refused. Waits for the user, for at most ten codes of five minutes each
    /// ([`Policy::login_codes`](wx_proto::Policy)).
    ///
    /// Save the session when [`LoginState::Opened`] hands it over: from then on the login is listed
    /// on the phone, and it must not be lost if the program ends before this call does.
    ///
    /// # Errors
    /// [`LoginError`].
    ///
    /// ```no_run
    /// use wx_ureq::wx_proto::flow::LoginState;
    /// use wx_ureq::wx_proto::{Profile, Site};
    /// use wx_ureq::{Client, SessionFile};
    ///
    /// # fn login() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = SessionFile::open_or_create("session.json")?;
    /// let client = Client::login(Site::new(Profile::Web), |state| match state {
    ///     LoginState::Code { link } => println!("scan the QR code of {}", link.expose()),
    ///     other => println!("{other:?}"),
    /// })?;
    /// file.save(&client.session())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn login(site: Site, tell: impl FnMut(&LoginState)) -> Result<Self, LoginError> {
        Self::login_builder(site).login(tell)
    }

    /// Returns a builder for a login with custom settings. [`ClientBuilder::login`] starts it.
    pub fn login_builder(site: Site) -> ClientBuilder<NewLogin> {
        ClientBuilder::of(NewLogin::new(How::Code(site)))
    }

    /// Returns a builder for another login of the account of `session`, which may have ended: the
    /// phone asks its owner, without a QR code. If the prompt is refused or expires, the login
    /// continues with a QR code. Keys of the session file that this version does not know are kept.
    /// [`ClientBuilder::login`] starts it.
    pub fn push_builder(session: Session) -> ClientBuilder<NewLogin> {
        ClientBuilder::of(NewLogin::new(How::Push(Box::new(session))))
    }
}

impl ClientBuilder<NewLogin> {
    /// Adds a header to the login page's request, such as a desktop client sends
    /// (`docs/protocol.md` §2.6). None is built in.
    pub fn page_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.start.headers.push((name, value));
        self
    }

    /// Adds a pair to the query of the login page, such as `mod=desktop` (`docs/protocol.md` §2.6).
    /// None is built in.
    pub fn page_pair(mut self, key: &str, value: &str) -> Self {
        self.start.pairs.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Logs in like [`Client::login`].
    ///
    /// # Errors
    /// [`LoginError`].
    pub fn login(self, tell: impl FnMut(&LoginState)) -> Result<Client, LoginError> {
        self.login_with(tell, Watch::new())
    }

    /// Like [`login`](Self::login), with progress reporting and cancellation.
    ///
    /// # Errors
    /// As for [`login`](Self::login).
    pub fn login_with(
        self,
        tell: impl FnMut(&LoginState),
        mut watch: Watch<'_>,
    ) -> Result<Client, LoginError> {
        let Self { start, policy, pace, config } = self;
        let http = Http::new(config, start.from.site())?;
        let mut flow = match &start.from {
            How::Code(site) => Login::new(site.clone(), seed()?, policy.clone()),
            How::Push(session) => Login::push(session, seed()?, policy.clone())?,
        };
        for (name, value) in start.headers {
            flow = flow.page_header(name, value);
        }
        for (key, value) in &start.pairs {
            flow = flow.page_pair(key, value);
        }
        let cell = SessionCell::new(Session::new(start.from.site().clone()));
        let mut states = ToldStates::new(tell);
        let login = drive_observed(&http, &cell, &mut (), &mut flow, &mut watch, &mut states);
        let with_unknown_keys = |mut session: Session| {
            if let How::Push(earlier) = &start.from {
                session.keep_unknown_keys(earlier);
            }
            session
        };
        match login {
            Ok(()) => Ok(Client::of(with_unknown_keys(cell.get()), policy, pace, http)),
            Err(error) => Err(match flow.session() {
                Some(session) => {
                    let session = Box::new(with_unknown_keys(session.clone()));
                    LoginError::Unfinished { error, session }
                }
                None => LoginError::Login(error),
            }),
        }
    }
}

impl NewLogin {
    fn new(from: How) -> Self {
        Self { from, headers: Vec::new(), pairs: Vec::new() }
    }
}

impl How {
    fn site(&self) -> &Site {
        match self {
            Self::Code(site) => site,
            Self::Push(session) => session.site(),
        }
    }
}

impl fmt::Debug for NewLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = self.from.site().profile();
        let push = matches!(self.from, How::Push(_));
        f.debug_struct("NewLogin")
            .field("profile", &profile)
            .field("push", &push)
            .finish_non_exhaustive()
    }
}

/// Says what the error inside says, and has its source, unless the login is unfinished.
impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::Login(error) => error.fmt(f),
            Self::Unfinished { .. } => {
                f.write_str("the login was opened but not finished; its session is not lost")
            }
        }
    }
}

impl StdError for LoginError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Build(error) => error.source(),
            Self::Login(error) => error.source(),
            Self::Unfinished { error, .. } => Some(error),
        }
    }
}

impl From<BuildError> for LoginError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl From<Error> for LoginError {
    fn from(error: Error) -> Self {
        Self::Login(error)
    }
}
