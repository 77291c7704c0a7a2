mod page;
mod state;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};

use self::page::{PageCookies, PageExtras};
use super::job::{Cx, Fail, Job, Next};
use super::restore::Restoring;
use super::retry::{Retry, is_server_trouble};
use super::runner::Runner;
use super::{Action, Flow, Input, Progress, UnexpectedInput};
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
/// has to see is told as [`LoginState`]s; the job ends with a session that is ready to be used.
///
/// ```text
///   jslogin ─► Code ─► poll ─► Scanned ─► poll ─► Confirmed ─► login page ─► Opened ─► webwxinit ─► Session
///      ▲                │          │                               │
///      └── refused, expired, trouble: another code, up to Policy::login_codes ── no login page
/// ```
///
/// The login exists as soon as the login page has opened it. If it then ends with an error,
/// [`Login::session`] still has the session, for [`Restore`](super::Restore). A login that the page
/// tells badly, or without the cookie that every upload needs, is an error too; it is ended at the
/// server if that can be done.
pub struct Login<T: FnMut(&LoginState)>(Runner<Entering<T>>);

impl<T: FnMut(&LoginState)> Login<T> {
    /// Logs in at `site` by a QR code. `tell` hears what to show.
    pub fn new(site: Site, seed: Seed, policy: Policy, tell: T) -> Self {
        let session = Session::new(site);
        let job = Entering::new(session.site().clone(), CookieJar::default(), tell, Stage::Begin);
        Self(Runner::new(job, session, seed, policy))
    }

    /// Logs in again as the account of `session`: the phone asks its owner, without a QR code.
    /// Needs the cookies that an earlier login left for years, and goes on with a QR code if the
    /// question is refused or too old.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the question cannot be asked; nothing is sent then.
    pub fn push(session: &Session, seed: Seed, policy: Policy, tell: T) -> Result<Self, Error> {
        PushLoginUrl::new(seed.unix_ms)
            .request(session)
            .map_err(|unready| Error::new(Step::Prepare, unready))?;
        // The ticket is of the login before; this one has to give its own.
        let cookies = session.cookies().without(DATA_TICKET);
        let mut job = Entering::new(session.site().clone(), cookies, tell, Stage::Push);
        job.codes = 1;
        Ok(Self(Runner::new(job, session.clone(), seed, policy)))
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

    /// The session, once the login page has opened the login. `None` again if the server has said
    /// that this login is over.
    pub fn session(&self) -> Option<&Session> {
        let over = self.0.error().is_some_and(|error| error.advice() == Advice::LoginAgain);
        let opened = matches!(self.0.job.stage, Stage::Restore(_));
        (opened && !over).then(|| self.0.session())
    }
}

/// The job. Until the login page has opened the login, the session is the one before.
struct Entering<T> {
    site: Site,
    /// From an earlier login: what a question to the phone needs, and what the new login goes on
    /// with.
    cookies: PageCookies,
    page: PageExtras,
    /// What the page's last reply left of a login that it made and told badly.
    left: Option<Credentials>,
    tell: T,
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
        since: Option<Duration>,
    },
    Page {
        call: NewLoginPage,
        site: Site,
        elsewhere: u32,
    },
    Restore(Restoring),
    /// The server has made a login that cannot be used. It is ended there, if that can be done.
    End(Box<Session>, Box<Error>),
}

impl<T: FnMut(&LoginState)> Entering<T> {
    fn new(site: Site, cookies: CookieJar, tell: T, stage: Stage) -> Self {
        let (cookies, page) = (PageCookies::new(cookies), PageExtras::default());
        Self { site, cookies, page, left: None, tell, codes: 0, stage }
    }

    /// Asks for a code, unless there were enough.
    fn ask(&mut self, cx: &Cx<'_>) -> Result<Next<Session>, ErrorKind> {
        self.stage = Stage::Begin;
        if self.codes >= cx.policy.login_codes.max(1) {
            return Err(ErrorKind::NotConfirmed { codes: self.codes });
        }
        self.codes += 1;
        Ok(Next::Call(Retry::call(cx.policy)))
    }

    fn wait_for_phone(&mut self, uuid: LoginCode, state: &LoginState) -> Next<Session> {
        (self.tell)(state);
        self.stage = Stage::Poll { uuid, scanned: false, since: None };
        Next::Call(poll_row())
    }

    fn polled(&mut self, polled: Polled, cx: &mut Cx<'_>) -> Result<Next<Session>, ErrorKind> {
        let again = match polled {
            Polled::Nothing => return Ok(Next::Idle(poll_row())),
            Polled::Scanned { avatar } => {
                if let Stage::Poll { scanned: scanned @ false, .. } = &mut self.stage {
                    *scanned = true;
                    (self.tell)(&LoginState::Scanned { avatar });
                }
                return Ok(Next::Idle(poll_row()));
            }
            Polled::Confirmed { redirect_uri } => {
                (self.tell)(&LoginState::Confirmed);
                return self.open(&redirect_uri, 0, cx);
            }
            Polled::Refused => LoginState::Refused,
            Polled::Expired => LoginState::Expired,
            Polled::Trouble { code } => LoginState::Trouble { code: Some(code) },
        };
        (self.tell)(&again);
        self.ask(cx)
    }
}

/// The poll is repeated whatever its reply says wrong.
fn poll_row() -> Retry {
    Retry::long_poll(|_| true)
}

/// The row of the login page.
fn page_row(policy: &Policy) -> Retry {
    Retry::call(policy).with_tries(policy.login_tries).repeated_if(is_server_trouble)
}

impl<T: FnMut(&LoginState)> Job for Entering<T> {
    type Output = Session;

    fn start(&mut self, cx: &mut Cx<'_>) -> Result<Next<Session>, ErrorKind> {
        match self.stage {
            Stage::Push => Ok(Next::Call(Retry::call(cx.policy))),
            _ => self.ask(cx),
        }
    }

    fn before_try(&mut self, cx: &mut Cx<'_>) -> Option<Result<Next<Session>, ErrorKind>> {
        let Stage::Poll { since, .. } = &mut self.stage else { return None };
        let age = cx.now.saturating_sub(*since.get_or_insert(cx.now));
        (age > cx.policy.code_lifetime).then(|| self.polled(Polled::Expired, cx))
    }

    fn request(&mut self, cx: &mut Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        let at_site = |site: &Site| Session::new(site.clone());
        Ok(match &mut self.stage {
            Stage::Begin => {
                let call = JsLogin::new(cx.unix_ms);
                let pairs = self.page.pairs.iter();
                pairs
                    .fold(call, |call, (key, value)| call.page_pair(key, value))
                    .request(&at_site(&self.site))?
            }
            Stage::Push => PushLoginUrl::new(cx.seed.unix_ms).request(cx.session)?,
            Stage::Poll { uuid, scanned, .. } => {
                PollLogin::new(uuid.clone(), *scanned, cx.unix_ms).request(&at_site(&self.site))?
            }
            Stage::Page { call, site, .. } => call.request(&at_site(site))?,
            Stage::Restore(restoring) => return restoring.request(cx),
            Stage::End(session, _) => LogoutCall::new(cx.unix_ms).request(session)?,
        })
    }

    fn reply(&mut self, reply: &Response<Bytes>, cx: &mut Cx<'_>) -> Result<Next<Session>, Fail> {
        Ok(match &mut self.stage {
            Stage::Begin => match JsLogin::read(reply) {
                Ok(uuid) => {
                    let code = LoginState::Code { link: uuid.link(&self.site) };
                    self.wait_for_phone(uuid, &code)
                }
                Err(ReplyError::Code(code)) => self.polled(Polled::Trouble { code }, cx)?,
                Err(error) => return Err(error.into()),
            },
            Stage::Push => {
                let uuid = PushLoginUrl::read(reply)?;
                self.wait_for_phone(uuid, &LoginState::Asked)
            }
            Stage::Poll { .. } => {
                let polled = PollLogin::read(reply)?;
                self.polled(polled, cx)?
            }
            Stage::Page { .. } => return self.paged(reply, cx),
            Stage::Restore(restoring) => return restoring.reply(reply, cx),
            Stage::End(_, error) => return Err(Fail::Final(error.kind.clone())),
        })
    }

    fn failed(&mut self, kind: ErrorKind, cx: &mut Cx<'_>) -> Result<Next<Session>, ErrorKind> {
        match &mut self.stage {
            // The cookies of that login are gone, or the server cannot ask: a code it is.
            Stage::Push if !matches!(kind, ErrorKind::Request(_)) => {
                (self.tell)(&match kind {
                    ErrorKind::Reply(ReplyError::Refused { .. }) => LoginState::Refused,
                    _ => LoginState::Trouble { code: None },
                });
                self.ask(cx)
            }
            Stage::Page { .. } => self.page_failed(kind, cx),
            Stage::Restore(restoring) => restoring.failed(kind, cx),
            Stage::End(_, error) => Err(error.kind.clone()),
            _ => Err(kind),
        }
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
            _ => Progress::at(Step::Login, 0),
        }
    }
}

impl<T: FnMut(&LoginState)> Flow for Login<T> {
    type Output = Result<Session, Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        self.0.poll(now)
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        self.0.handle(input, now)
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }

    fn cancel(&mut self) {
        self.0.cancel();
    }
}

impl<T: FnMut(&LoginState)> fmt::Debug for Login<T> {
    /// Where it is and nothing else: codes and tickets are as good as the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.0.job.stage {
            Stage::Begin => "code",
            Stage::Push => "push",
            Stage::Poll { scanned: false, .. } => "poll",
            Stage::Poll { scanned: true, .. } => "poll, scanned",
            Stage::Page { .. } => "page",
            Stage::Restore(_) => "init",
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
