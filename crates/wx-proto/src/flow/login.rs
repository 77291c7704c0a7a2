mod page;

use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use self::page::{PageCookies, PageExtras};
use super::chain::{Chain, FollowedBy};
use super::job::{Cx, Fail, Job, Next, Reply, Transition};
use super::login_state::LoginState;
use super::newtype::flow;
use super::restore::{Opened, Restoring};
use super::retry::{Retry, is_server_problem};
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
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::model::site::Site;
use crate::model::step::Step;
use crate::session::cookies::CookieJar;
use crate::session::{DATA_TICKET, Session};

/// Logs in with a QR code, or with a prompt on the phone ([`Login::push`]). [`Login::shown`]
/// returns the states to show the user. On success, the session of the new login replaces the
/// borrowed session. If the login fails, the borrowed session is unchanged.
///
/// ```text
///   jslogin ─► Code ─► poll ─► Scanned ─► poll ─► Confirmed ─► login page ─► Opened
///      ▲                │                  │                        │           │
///      │                └──────────────────┴────────────────────────┘           ▼
///      └── refused, expired, error, no login page: another code,            webwxinit ─► Done
///          up to Policy::login_codes
/// ```
///
/// The login exists as soon as the login page has opened it. If it ends with an error after that,
/// [`Login::session`] still returns the session, for [`Restore`](super::Restore). It is an error if
/// the login page omits credentials, or the cookie that uploads require. In that case, the login is
/// ended at the server if possible.
pub struct Login(Runner<Chain<LoginJob, Restoring>>);

impl Login {
    /// Logs in at `site` with a QR code.
    #[must_use]
    pub fn new(site: Site, seed: Seed, policy: Policy) -> Self {
        let session = Session::new(site);
        let job = LoginJob::new(&session, CookieJar::default(), Stage::Begin);
        Self(Runner::new(Chain::first(job), &session, seed, policy))
    }

    /// Logs in again as the account of `session`, with a prompt on the phone instead of a QR code.
    /// This requires the long-lived cookies of an earlier login. If the prompt is refused or
    /// expires, the login continues with a QR code.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if the prompt cannot be requested. Nothing is sent
    /// in that case.
    pub fn push(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        PushLoginUrl::new(seed.unix_ms)
            .request(session)
            .map_err(|error| Error::new(Step::Prepare, error))?;
        // This ticket belongs to the earlier login. The new login has to set another one.
        let cookies = session.cookies().without(DATA_TICKET);
        let mut job = LoginJob::new(session, cookies, Stage::Push);
        job.codes = 1;
        Ok(Self(Runner::new(Chain::first(job), session, seed, policy)))
    }

    /// Adds a header to the request for the login page, such as one that a desktop client sends
    /// ([§2.6](crate::protocol#s2-6)).
    #[must_use]
    pub fn page_header(self, name: HeaderName, value: HeaderValue) -> Self {
        self.with_page(|page| page.headers.push((name, value)))
    }

    /// Adds a pair to the query of the login page, such as `mod=desktop`
    /// ([§2.6](crate::protocol#s2-6), [§8.1](crate::protocol#s8-1)).
    #[must_use]
    pub fn page_pair(self, key: &str, value: &str) -> Self {
        self.with_page(|page| page.pairs.push((key.to_owned(), value.to_owned())))
    }

    fn with_page(mut self, change: impl FnOnce(&mut PageExtras)) -> Self {
        if let Chain::First(job) = &mut self.0.job {
            change(&mut job.page);
        }
        self
    }

    /// Returns all states so far that the user has to see, oldest first.
    #[must_use]
    pub fn shown(&self) -> &[LoginState] {
        match &self.0.job {
            Chain::First(job) => &job.shown,
            Chain::Second(job) => job.opened().map_or(&[], |opened| &opened.shown),
        }
    }

    /// Returns the session, once the login page has opened the login. Returns `None` again if the
    /// server has ended this login.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        let over = self.0.error().is_some_and(|error| error.advice() == Advice::LoginAgain);
        match &self.0.job {
            Chain::Second(job) if !over => job.opened().map(|opened| &opened.session),
            _ => None,
        }
    }
}

/// The job up to the login page.
struct LoginJob {
    /// The session of the earlier login, or an empty one.
    before: Session,
    site: Site,
    /// The cookies of an earlier login. A prompt on the phone requires them, and the new login
    /// keeps them.
    cookies: PageCookies,
    page: PageExtras,
    /// The credentials in a reply of the login page that omitted some. The server has created that
    /// login.
    left: Option<Credentials>,
    shown: Vec<LoginState>,
    /// The number of codes requested.
    codes: u32,
    stage: Stage,
}

enum Stage {
    /// No code was requested yet, or another one is due.
    Begin,
    Push,
    Poll {
        login_code: LoginCode,
        scanned: bool,
        since: Duration,
    },
    Page {
        call: NewLoginPage,
        site: Site,
        other_pages: u32,
    },
    /// The login that the server has created cannot be used. It is ended at the server if possible.
    End(Box<Session>, Box<Error>),
}

impl LoginJob {
    fn new(session: &Session, cookies: CookieJar, stage: Stage) -> Self {
        Self {
            before: session.clone(),
            site: session.site().clone(),
            cookies: PageCookies::new(cookies),
            page: PageExtras::default(),
            left: None,
            shown: Vec::new(),
            codes: 0,
            stage,
        }
    }

    /// Requests a code, unless the limit is reached.
    fn request_code(&mut self, cx: &Cx<'_>) -> Transition<Opened> {
        self.stage = Stage::Begin;
        if self.codes >= cx.policy.login_codes.max(1) {
            return Err(ErrorKind::NotConfirmed { codes: self.codes });
        }
        self.codes += 1;
        Ok(Next::Call(Retry::call(cx.policy)))
    }

    fn wait_for_phone(
        &mut self,
        login_code: LoginCode,
        state: LoginState,
        cx: &Cx<'_>,
    ) -> Next<Opened> {
        self.shown.push(state);
        self.stage = Stage::Poll { login_code, scanned: false, since: cx.now };
        Next::Call(poll_rules())
    }

    fn polled(&mut self, polled: Polled, cx: &Cx<'_>) -> Transition<Opened> {
        let again = match polled {
            Polled::Nothing => return Ok(Next::Idle(poll_rules())),
            Polled::Scanned { avatar } => {
                if let Stage::Poll { scanned: scanned @ false, .. } = &mut self.stage {
                    *scanned = true;
                    self.shown.push(LoginState::Scanned { avatar });
                }
                return Ok(Next::Idle(poll_rules()));
            }
            Polled::Confirmed { redirect_uri } => {
                self.shown.push(LoginState::Confirmed);
                return self.open(&redirect_uri, 0, cx);
            }
            Polled::Refused => LoginState::Refused,
            Polled::Expired => LoginState::Expired,
            Polled::ServerProblem { code } => LoginState::ServerProblem { code: Some(code) },
        };
        self.shown.push(again);
        self.request_code(cx)
    }
}

/// The server's code for an expired login code.
const EXPIRED: i64 = 400;

/// Returns the retry rules of the poll, which is retried after every error of its reply.
fn poll_rules() -> Retry {
    Retry::long_poll(|_| true)
}

/// Returns the retry rules of the login page.
fn page_rules(policy: &Policy) -> Retry {
    Retry::call(policy).with_tries(policy.login_tries).repeated_if(is_server_problem)
}

impl Job for LoginJob {
    type Output = Opened;
    const WITHIN_LOGIN: bool = false;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Transition<Opened> {
        match &mut self.stage {
            Stage::Push => Ok(Next::Call(Retry::call(cx.policy))),
            _ => self.request_code(cx),
        }
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        let at_site = |site: &Site| Session::new(site.clone());
        Ok(match &mut self.stage {
            Stage::Begin => {
                let call = JsLogin::new(cx.time);
                let pairs = self.page.pairs.iter();
                pairs
                    .fold(call, |call, (key, value)| call.page_pair(key, value))
                    .request(&at_site(&self.site))?
            }
            Stage::Push => PushLoginUrl::new(cx.seed.unix_ms).request(session)?,
            // Give up a code after its lifetime, whatever the server replies.
            Stage::Poll { since, .. }
                if cx.now.saturating_sub(*since) > cx.policy.code_lifetime =>
            {
                return Err(ReplyError::Code(EXPIRED).into());
            }
            Stage::Poll { login_code, scanned, .. } => {
                PollLogin::new(login_code.clone(), *scanned, cx.time)
                    .request(&at_site(&self.site))?
            }
            Stage::Page { call, site, .. } => call.request(&at_site(site))?,
            Stage::End(ended, _) => LogoutCall::new(cx.time).request(ended)?,
        })
    }

    fn reply(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<Opened, Fail> {
        Ok(match &mut self.stage {
            Stage::Begin => match JsLogin::read(reply) {
                Ok(login_code) => {
                    let code = LoginState::Code { link: login_code.link(&self.site) };
                    self.wait_for_phone(login_code, code, cx)
                }
                Err(ReplyError::Code(code)) => self.polled(Polled::ServerProblem { code }, cx)?,
                Err(error) => return Err(error.into()),
            },
            Stage::Push => {
                let login_code = PushLoginUrl::read(reply)?;
                self.wait_for_phone(login_code, LoginState::Asked, cx)
            }
            Stage::Poll { .. } => {
                let polled = PollLogin::read(reply)?;
                self.polled(polled, cx)?
            }
            Stage::Page { .. } => return self.page_reply(reply, cx),
            Stage::End(_, error) => return Err(Fail::Final(error.kind.clone())),
        })
    }

    fn failed(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Transition<Opened> {
        match &mut self.stage {
            // The cookies of the earlier login are gone, or the server cannot prompt: use a code.
            Stage::Push if !matches!(kind, ErrorKind::Request(_)) => {
                self.shown.push(match &kind {
                    ErrorKind::Reply(ReplyError::Refused { .. }) => LoginState::Refused,
                    _ => LoginState::ServerProblem { code: None },
                });
                self.request_code(cx)
            }
            Stage::Poll { .. } if kind == ErrorKind::Reply(ReplyError::Code(EXPIRED)) => {
                self.polled(Polled::Expired, cx)
            }
            Stage::Page { .. } => self.page_failed(kind, cx),
            Stage::End(_, error) => Err(error.kind.clone()),
            _ => Err(kind),
        }
    }

    /// Returns false, because `PageCookies` applies the cookies.
    fn accepts_cookies(&self) -> bool {
        false
    }

    fn session<'a>(&'a mut self, _: &'a mut Session) -> &'a mut Session {
        &mut self.before
    }

    fn step(&self) -> Step {
        Step::Login
    }

    fn error(&self, kind: ErrorKind) -> Error {
        match &self.stage {
            Stage::End(_, error) => (**error).clone(),
            _ => Error::new(self.step(), kind),
        }
    }
}

impl FollowedBy<Restoring> for LoginJob {
    fn follow(&mut self, opened: Opened, cx: &Cx<'_>) -> Restoring {
        Restoring::new(cx.seed.later(cx.time), cx.policy.login_tries).for_opened(opened)
    }
}

flow!(Login(Chain<LoginJob, Restoring>) -> ());

impl fmt::Debug for Login {
    /// Shows only the stage, because codes and tickets are credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.0.job {
            Chain::Second(_) => "init",
            Chain::First(job) => match job.stage {
                Stage::Begin => "code",
                Stage::Push => "push",
                Stage::Poll { scanned: false, .. } => "poll",
                Stage::Poll { scanned: true, .. } => "poll, scanned",
                Stage::Page { .. } => "page",
                Stage::End(..) => "end",
            },
        };
        f.debug_struct("Login").field("stage", &stage).finish_non_exhaustive()
    }
}
