mod page;
mod state;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};

use self::page::{PageCookies, PageExtras};
use super::Progress;
use super::job::{Cx, Fail, Job, Next};
use super::newtype::flow;
use super::restore::Restoring;
use super::retry::{Retry, is_server_trouble};
use super::runner::Runner;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::js_login::{JsLogin, LoginCode};
use crate::endpoint::login::{PollLogin, Polled};
use crate::endpoint::logout::LogoutCall;
use crate::endpoint::new_login_page::{Credentials, NewLoginPage};
use crate::endpoint::push_login_url::PushLoginUrl;
use crate::model::advice::Advice;
use crate::model::error::{Error, ErrorKind};
use crate::model::hosts::HostError;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::model::site::Site;
use crate::model::step::Step;
use crate::session::cookies::CookieJar;
use crate::session::{DATA_TICKET, Session};

pub use state::LoginState;

/// Logs in: by a QR code, or by a question that the phone shows ([`Login::push`]). What the user
/// has to see is [`Login::shown`]. The login is made beside the session that is lent, which becomes
/// it at the end, and stays as it was if that fails.
///
/// ```text
///   jslogin ─► Code ─► poll ─► Scanned ─► poll ─► Confirmed ─► login page ─► Opened ─► webwxinit ─► Done
///      ▲                │          │                               │
///      └── refused, expired, trouble: another code, up to Policy::login_codes ── no login page
/// ```
///
/// The login exists as soon as the login page has opened it. If it then ends with an error,
/// [`Login::session`] still has the session, for [`Restore`](super::Restore). A login that the page
/// tells badly, or without the cookie that every upload needs, is an error too; it is ended at the
/// server if that can be done.
pub struct Login(Runner<Entering>);

impl Login {
    /// Logs in at `site` by a QR code.
    #[must_use]
    pub fn new(site: Site, seed: Seed, policy: Policy) -> Self {
        let session = Session::new(site);
        let job = Entering::new(&session, CookieJar::default(), Stage::Begin);
        Self(Runner::new(job, &session, seed, policy))
    }

    /// Logs in again as the account of `session`: the phone asks its owner, without a QR code.
    /// Needs the cookies that an earlier login left for years, and goes on with a QR code if the
    /// question is refused or too old.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the question cannot be asked; nothing is sent then.
    pub fn push(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        PushLoginUrl::new(seed.unix_ms)
            .request(session)
            .map_err(|unready| Error::new(Step::Prepare, unready))?;
        // The ticket is of the login before; this one has to give its own.
        let cookies = session.cookies().without(DATA_TICKET);
        let mut job = Entering::new(session, cookies, Stage::Push);
        job.codes = 1;
        Ok(Self(Runner::new(job, session, seed, policy)))
    }

    /// Adds a header to the login page's request, such as a desktop client sends (§2.6).
    #[must_use]
    pub fn page_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.job.page.headers.push((name, value));
        self
    }

    /// Adds a pair to the query of the login page, such as `mod=desktop` (§2.6, §8.1).
    #[must_use]
    pub fn page_pair(mut self, key: &str, value: &str) -> Self {
        self.0.job.page.pairs.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Returns all that the user has had to see so far, the newest last.
    #[must_use]
    pub fn shown(&self) -> &[LoginState] {
        &self.0.job.shown
    }

    /// Returns the session, once the login page has opened the login. `None` again if the server
    /// has said that this login is over.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        let over = self.0.error().is_some_and(|error| error.advice() == Advice::LoginAgain);
        let opened = matches!(self.0.job.stage, Stage::Restore(_) | Stage::Restored);
        (opened && !over).then_some(&self.0.job.session)
    }
}

/// The job.
struct Entering {
    /// Until the login page has opened the login, the one before.
    session: Session,
    site: Site,
    /// From an earlier login: what a question to the phone needs, and what the new login goes on
    /// with.
    cookies: PageCookies,
    page: PageExtras,
    /// What the page's last reply left of a login that it made and told badly.
    left: Option<Credentials>,
    shown: Vec<LoginState>,
    /// Codes that were asked for.
    codes: u32,
    stage: Stage,
}

enum Stage {
    /// Nothing was asked for yet, or another code is due.
    Begin,
    Push,
    Poll {
        uuid: LoginCode,
        scanned: bool,
        since: Duration,
    },
    Page {
        call: NewLoginPage,
        site: Site,
        elsewhere: u32,
    },
    Restore(Restoring),
    Restored,
    /// The server has made a login that cannot be used. It is ended there, if that can be done.
    End(Box<Session>, Box<Error>),
}

impl Entering {
    fn new(session: &Session, cookies: CookieJar, stage: Stage) -> Self {
        let (session, site) = (session.clone(), session.site().clone());
        let (cookies, page) = (PageCookies::new(cookies), PageExtras::default());
        Self { session, site, cookies, page, left: None, shown: Vec::new(), codes: 0, stage }
    }

    /// Asks for a code, unless there were enough.
    fn ask(&mut self, cx: &Cx<'_>) -> Result<Next<()>, ErrorKind> {
        self.stage = Stage::Begin;
        if self.codes >= cx.policy.login_codes.max(1) {
            return Err(ErrorKind::NotConfirmed { codes: self.codes });
        }
        self.codes += 1;
        Ok(Next::Call(Retry::call(cx.policy)))
    }

    fn wait_for_phone(&mut self, uuid: LoginCode, state: LoginState, cx: &Cx<'_>) -> Next<()> {
        self.shown.push(state);
        self.stage = Stage::Poll { uuid, scanned: false, since: cx.now };
        Next::Call(poll_row())
    }

    fn polled(&mut self, polled: Polled, cx: &Cx<'_>) -> Result<Next<()>, ErrorKind> {
        let again = match polled {
            Polled::Nothing => return Ok(Next::Idle(poll_row())),
            Polled::Scanned { avatar } => {
                if let Stage::Poll { scanned: scanned @ false, .. } = &mut self.stage {
                    *scanned = true;
                    self.shown.push(LoginState::Scanned { avatar });
                }
                return Ok(Next::Idle(poll_row()));
            }
            Polled::Confirmed { redirect_uri } => {
                self.shown.push(LoginState::Confirmed);
                return self.open(&redirect_uri, 0, cx);
            }
            Polled::Refused => LoginState::Refused,
            Polled::Expired => LoginState::Expired,
            Polled::Trouble { code } => LoginState::Trouble { code: Some(code) },
        };
        self.shown.push(again);
        self.ask(cx)
    }

    /// After a step of webwxinit and the notice.
    fn restored(&mut self, next: Next<()>) -> Next<()> {
        next.then(|()| {
            self.stage = Stage::Restored;
            Next::Settle
        })
    }
}

/// What the server says of a code that is too old.
const EXPIRED: i64 = 400;

/// The poll is repeated whatever its reply says wrong.
fn poll_row() -> Retry {
    Retry::long_poll(|_| true)
}

/// The row of the login page.
fn page_row(policy: &Policy) -> Retry {
    Retry::call(policy).with_tries(policy.login_tries).repeated_if(is_server_trouble)
}

impl Job for Entering {
    type Output = ();
    const WITHIN_LOGIN: bool = false;

    fn settle(&mut self, lent: &mut Session, cx: &Cx<'_>) -> Result<Next<()>, ErrorKind> {
        match &mut self.stage {
            Stage::Push => Ok(Next::Call(Retry::call(cx.policy))),
            Stage::Restore(restoring) => {
                let next = restoring.settle(&mut self.session, cx)?;
                Ok(self.restored(next))
            }
            Stage::Restored => {
                *lent = self.session.clone();
                Ok(Next::Done(()))
            }
            _ => self.ask(cx),
        }
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        let at_site = |site: &Site| Session::new(site.clone());
        Ok(match &mut self.stage {
            Stage::Begin => {
                let call = JsLogin::new(cx.unix_ms);
                let pairs = self.page.pairs.iter();
                pairs
                    .fold(call, |call, (key, value)| call.page_pair(key, value))
                    .request(&at_site(&self.site))?
            }
            Stage::Push => PushLoginUrl::new(cx.seed.unix_ms).request(session)?,
            // A code that nobody confirmed in its lifetime is given up, whatever the server says.
            Stage::Poll { since, .. }
                if cx.now.saturating_sub(*since) > cx.policy.code_lifetime =>
            {
                return Err(ReplyError::Code(EXPIRED).into());
            }
            Stage::Poll { uuid, scanned, .. } => {
                PollLogin::new(uuid.clone(), *scanned, cx.unix_ms).request(&at_site(&self.site))?
            }
            Stage::Page { call, site, .. } => call.request(&at_site(site))?,
            Stage::Restore(restoring) => return restoring.request(session, cx),
            Stage::End(ended, _) => LogoutCall::new(cx.unix_ms).request(ended)?,
            Stage::Restored => return Err(ErrorKind::Cancelled),
        })
    }

    fn reply(&mut self, reply: &Response<Bytes>, cx: &Cx<'_>) -> Result<Next<()>, Fail> {
        Ok(match &mut self.stage {
            Stage::Begin => match JsLogin::read(reply) {
                Ok(uuid) => {
                    let code = LoginState::Code { link: uuid.link(&self.site) };
                    self.wait_for_phone(uuid, code, cx)
                }
                Err(ReplyError::Code(code)) => self.polled(Polled::Trouble { code }, cx)?,
                Err(error) => return Err(error.into()),
            },
            Stage::Push => {
                let uuid = PushLoginUrl::read(reply)?;
                self.wait_for_phone(uuid, LoginState::Asked, cx)
            }
            Stage::Poll { .. } => {
                let polled = PollLogin::read(reply)?;
                self.polled(polled, cx)?
            }
            Stage::Page { .. } => return self.paged(reply, cx),
            Stage::Restore(restoring) => {
                let next = restoring.reply(reply, cx)?;
                self.restored(next)
            }
            Stage::Restored => Next::Settle,
            Stage::End(_, error) => return Err(Fail::Final(error.kind.clone())),
        })
    }

    fn failed(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Result<Next<()>, ErrorKind> {
        match &mut self.stage {
            // The cookies of that login are gone, or the server cannot ask: a code it is.
            Stage::Push if !matches!(kind, ErrorKind::Request(_)) => {
                self.shown.push(match &kind {
                    ErrorKind::Reply(ReplyError::Refused { .. }) => LoginState::Refused,
                    _ => LoginState::Trouble { code: None },
                });
                self.ask(cx)
            }
            Stage::Poll { .. } if kind == ErrorKind::Reply(ReplyError::Code(EXPIRED)) => {
                self.polled(Polled::Expired, cx)
            }
            Stage::Page { .. } => self.page_failed(kind, cx),
            Stage::Restore(restoring) => {
                let next = restoring.failed(kind, cx)?;
                Ok(self.restored(next))
            }
            Stage::End(_, error) => Err(error.kind.clone()),
            _ => Err(kind),
        }
    }

    /// Before that, the cookies are the login page's business.
    fn takes_cookies(&self) -> bool {
        matches!(self.stage, Stage::Restore(_))
    }

    fn session<'a>(&'a mut self, _: &'a mut Session) -> &'a mut Session {
        &mut self.session
    }

    fn error(&self, kind: ErrorKind) -> Error {
        match &self.stage {
            Stage::Restore(restoring) => restoring.error(kind),
            Stage::End(_, error) => (**error).clone(),
            _ => Error::new(Step::Login, kind),
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Restore(restoring) => restoring.progress(),
            _ => Progress::new(Step::Login, 0),
        }
    }
}

flow!(Login(Entering) -> ());

impl fmt::Debug for Login {
    /// Where it is and nothing else: codes and tickets are as good as the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.0.job.stage {
            Stage::Begin => "code",
            Stage::Push => "push",
            Stage::Poll { scanned: false, .. } => "poll",
            Stage::Poll { scanned: true, .. } => "poll, scanned",
            Stage::Page { .. } => "page",
            Stage::Restore(_) | Stage::Restored => "init",
            Stage::End(..) => "end",
        };
        f.debug_struct("Login")
            .field("codes", &self.0.job.codes)
            .field("stage", &stage)
            .finish_non_exhaustive()
    }
}

impl From<HostError> for ErrorKind {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}
