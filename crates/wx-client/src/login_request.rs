//! The settings of a login, and the errors that it can end with.

use std::error::Error as StdError;
use std::fmt;

use wx_proto::flow::{Login, LoginState};
use wx_proto::http::{HeaderName, HeaderValue};
use wx_proto::{Error, Policy, Session, Site};

use crate::login_observer::LoginObserver;
use crate::run_options::RunOptions;
use crate::session_cell::SessionCell;
use crate::{BuildError, seed};

/// The settings of a [`ClientBuilder`](crate::ClientBuilder) for a login that has not begun.
#[must_use = "nothing is sent before it is run"]
pub struct LoginRequest<'a> {
    method: LoginMethod,
    headers: Vec<(HeaderName, HeaderValue)>,
    pairs: Vec<(String, String)>,
    show: Option<Show<'a>>,
    pub(crate) options: RunOptions<'a>,
}

type Show<'a> = Box<dyn FnMut(&LoginState) + Send + 'a>;

enum LoginMethod {
    QrCode(Site),
    Push(Box<Session>),
}

/// Why a login did not result in a client.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LoginError {
    /// The client could not be created; nothing was sent.
    Build(BuildError),
    /// The login failed.
    Login(Error),
    /// The login page opened the login, but `webwxinit` failed. The phone lists the login. It is
    /// not lost: save the session, create a client from it, and restore it later or log out.
    Unfinished {
        /// Why `webwxinit` failed.
        error: Error,
        /// The session, which [awaits webwxinit](Session::awaits_init).
        session: Box<Session>,
    },
}

impl<'a> LoginRequest<'a> {
    /// Creates the settings of a login with a QR code.
    pub(crate) fn qr_code(site: Site) -> Self {
        Self::new(LoginMethod::QrCode(site))
    }

    /// Creates the settings of another login of the account of `session`, with a prompt on the
    /// phone.
    pub(crate) fn push(session: Session) -> Self {
        Self::new(LoginMethod::Push(Box::new(session)))
    }

    fn new(method: LoginMethod) -> Self {
        let (headers, pairs) = (Vec::new(), Vec::new());
        Self { method, headers, pairs, show: None, options: RunOptions::new() }
    }

    /// Sets the function that shows each new state of the login.
    pub(crate) fn show(&mut self, show: impl FnMut(&LoginState) + Send + 'a) {
        self.show = Some(Box::new(show));
    }

    /// Adds a header to the request of the login page.
    pub(crate) fn add_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.push((name, value));
    }

    /// Adds a pair to the query of the login page.
    pub(crate) fn add_pair(&mut self, key: &str, value: &str) {
        self.pairs.push((key.to_owned(), value.to_owned()));
    }

    /// Returns the site of the login.
    pub(crate) fn site(&self) -> &Site {
        match &self.method {
            LoginMethod::QrCode(site) => site,
            LoginMethod::Push(session) => session.site(),
        }
    }

    /// Creates the flow and the session to drive it with.
    ///
    /// # Errors
    /// If the system has no random bytes, or if the session cannot prompt its phone.
    pub(crate) fn begin(&mut self, policy: Policy) -> Result<(Login, SessionCell), Error> {
        let seed = seed()?;
        let mut flow = match &self.method {
            LoginMethod::QrCode(site) => Login::new(site.clone(), seed, policy),
            LoginMethod::Push(session) => Login::push(session, seed, policy)?,
        };
        for (name, value) in self.headers.drain(..) {
            flow = flow.page_header(name, value);
        }
        for (key, value) in self.pairs.drain(..) {
            flow = flow.page_pair(&key, &value);
        }
        Ok((flow, SessionCell::new(Session::new(self.site().clone()))))
    }

    /// Returns the options and the login observer to drive the flow with.
    pub(crate) fn observers(
        &mut self,
    ) -> (&mut RunOptions<'a>, LoginObserver<impl FnMut(&LoginState) + Send>) {
        let show = &mut self.show;
        let show = move |state: &LoginState| {
            if let Some(show) = show {
                show(state);
            }
        };
        (&mut self.options, LoginObserver::new(show))
    }

    /// Returns the session of a login that has ended with `result`.
    ///
    /// # Errors
    /// [`LoginError::Login`] or [`LoginError::Unfinished`].
    pub(crate) fn end(
        self,
        flow: &Login,
        cell: &SessionCell,
        result: Result<(), Error>,
    ) -> Result<Session, LoginError> {
        let with_unknown_keys = |mut session: Session| {
            if let LoginMethod::Push(earlier) = &self.method {
                session.keep_unknown_keys(earlier);
            }
            session
        };
        result.map(|()| with_unknown_keys(cell.get())).map_err(|error| match flow.session() {
            Some(session) => {
                let session = Box::new(with_unknown_keys(session.clone()));
                LoginError::Unfinished { error, session }
            }
            None => LoginError::Login(error),
        })
    }
}

impl fmt::Debug for LoginRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let push = matches!(self.method, LoginMethod::Push(_));
        f.debug_struct("LoginRequest")
            .field("profile", &self.site().profile())
            .field("push", &push)
            .finish_non_exhaustive()
    }
}

/// Displays the inner error and has its source, except for [`Unfinished`](Self::Unfinished).
impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Build(error) => error.fmt(f),
            Self::Login(error) => error.fmt(f),
            Self::Unfinished { .. } => {
                f.write_str("the login was opened but not finished; its session can be restored")
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
