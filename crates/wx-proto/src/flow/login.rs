mod page;
mod state;

use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use self::page::{PageCookies, PageExtras};
use super::clock::Clock;
use super::exchange::AttemptResult;
use super::patient::Patient;
use super::repeating::Repeating;
use super::side_calls::SideCalls;
use super::{Action, CallId, Flow, Input, Progress, Restore, TransportErrorKind, UnexpectedInput};
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::js_login::{JsLogin, LoginCode};
use crate::endpoint::login::{PollLogin, Polled};
use crate::endpoint::new_login_page::NewLoginPage;
use crate::endpoint::push_login_url::PushLoginUrl;
use crate::model::error::{Error, ErrorKind};
use crate::model::hosts::HostError;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
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
/// [`Login::session`] still has the session, for [`Restore`]. A login that the page tells badly, or
/// without the cookie that every upload needs, is an error too; it is ended at the server if that
/// can be done.
pub struct Login<T> {
    site: Site,
    /// From an earlier login: what a question to the phone needs, and what the new login goes on
    /// with.
    cookies: PageCookies,
    page: PageExtras,
    seed: Seed,
    policy: Policy,
    clock: Clock,
    tell: T,
    /// Codes that were asked for.
    codes: u32,
    stage: Stage,
}

enum Stage {
    /// Nothing was asked for yet, or another code is due.
    Begin(CallId),
    Code(Repeating),
    Push(Repeating),
    Poll {
        uuid: LoginCode,
        scanned: bool,
        since: Option<Duration>,
        call: Patient,
    },
    Page {
        call: NewLoginPage,
        site: Site,
        elsewhere: u32,
        repeating: Repeating,
    },
    Restore(Box<Restore>),
    /// The server has made a login that cannot be used. It is ended there, if that can be done.
    End(SideCalls, Box<Error>),
    Done(Box<Error>),
}

impl<T: FnMut(&LoginState)> Login<T> {
    /// Logs in at `site` by a QR code. `tell` hears what to show.
    pub fn new(site: Site, seed: Seed, policy: Policy, tell: T) -> Self {
        Self {
            site,
            cookies: PageCookies::new(CookieJar::default()),
            page: PageExtras::default(),
            seed,
            policy,
            clock: Clock::new(seed.unix_ms),
            tell,
            codes: 0,
            stage: Stage::Begin(CallId::FIRST),
        }
    }

    /// Logs in again as the account of `session`: the phone asks its owner, without a QR code.
    /// Needs the cookies that an earlier login left for years, and goes on with a QR code if the
    /// question is refused or too old.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the question cannot be asked; nothing is sent then.
    pub fn push(session: &Session, seed: Seed, policy: Policy, tell: T) -> Result<Self, Error> {
        let call = PushLoginUrl::new(seed.unix_ms);
        let request =
            call.request(session).map_err(|unready| Error::new(Step::Prepare, unready))?;
        let repeating = Repeating::new(CallId::FIRST, request.for_call(&policy));
        let login = Self::new(session.site().clone(), seed, policy, tell);
        // The ticket is of the login before; this one has to give its own.
        let cookies = PageCookies::new(session.cookies().without(DATA_TICKET));
        Ok(Self { cookies, codes: 1, stage: Stage::Push(repeating), ..login })
    }

    /// Adds a header to the login page's request, such as a desktop client sends (§2.6).
    #[must_use]
    pub fn page_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.page.headers.push((name, value));
        self
    }

    /// Adds a pair to the query of the login page, such as `mod=desktop` (§2.6, §8.1).
    #[must_use]
    pub fn page_pair(mut self, key: &str, value: &str) -> Self {
        self.page.pairs.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The session, once the login page has opened the login. `None` again if the server has said
    /// that this login is over.
    pub fn session(&self) -> Option<&Session> {
        match &self.stage {
            Stage::Restore(restore) => restore.session(),
            _ => None,
        }
    }

    fn fail(&mut self, step: Step, kind: impl Into<ErrorKind>) {
        self.stage = Stage::Done(Box::new(Error::new(step, kind)));
    }

    /// Asks for a code, unless there were enough.
    fn ask(&mut self, id: CallId, now: Duration) {
        if self.codes >= self.policy.login_codes.max(1) {
            return self.fail(Step::Login, ErrorKind::NotConfirmed { codes: self.codes });
        }
        self.codes += 1;
        let new = JsLogin::new(self.clock.unix_ms(now));
        let call =
            self.page.pairs.iter().fold(new, |call, (key, value)| call.page_pair(key, value));
        match call.request(&Session::new(self.site.clone())) {
            Ok(request) => {
                self.stage = Stage::Code(Repeating::new(id, request.for_call(&self.policy)));
            }
            Err(unready) => self.fail(Step::Prepare, unready),
        }
    }

    fn wait_for_phone(&mut self, uuid: LoginCode, next_id: CallId, state: &LoginState) {
        (self.tell)(state);
        self.stage = Stage::Poll { uuid, scanned: false, since: None, call: Patient::new(next_id) };
    }

    fn idle(&mut self, now: Duration) {
        if let Stage::Poll { call, .. } = &mut self.stage {
            call.nothing(now, &self.policy);
        }
    }

    fn polled(&mut self, polled: Polled, next_id: CallId, now: Duration) {
        let again = match polled {
            Polled::Nothing => return self.idle(now),
            Polled::Scanned { avatar } => {
                if let Stage::Poll { scanned: scanned @ false, .. } = &mut self.stage {
                    *scanned = true;
                    (self.tell)(&LoginState::Scanned { avatar });
                }
                return self.idle(now);
            }
            Polled::Confirmed { redirect_uri } => {
                (self.tell)(&LoginState::Confirmed);
                return self.open(&redirect_uri, 0, next_id);
            }
            Polled::Refused => LoginState::Refused,
            Polled::Expired => LoginState::Expired,
            Polled::Trouble { code } => LoginState::Trouble { code: Some(code) },
        };
        (self.tell)(&again);
        self.stage = Stage::Begin(next_id);
    }
}

/// The request of a poll.
fn poll_request(
    uuid: &LoginCode,
    scanned: bool,
    site: &Site,
    policy: &Policy,
    unix_ms: u64,
) -> Result<ApiRequest, RequestError> {
    let request =
        PollLogin::new(uuid.clone(), scanned, unix_ms).request(&Session::new(site.clone()))?;
    Ok(request.for_poll(policy))
}

impl<T: FnMut(&LoginState)> Flow for Login<T> {
    type Output = Result<Session, Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        self.clock.start(now);
        loop {
            match &mut self.stage {
                Stage::Begin(id) => {
                    let id = *id;
                    self.ask(id, now);
                }
                Stage::Code(call) | Stage::Push(call) | Stage::Page { repeating: call, .. } => {
                    return call.poll(now);
                }
                Stage::Poll { uuid, scanned, since, call } => {
                    let age = now.saturating_sub(*since.get_or_insert(now));
                    if call.is_between() && age > self.policy.code_lifetime {
                        let next_id = call.next_id();
                        self.polled(Polled::Expired, next_id, now);
                        continue;
                    }
                    let unix_ms = self.clock.unix_ms(now);
                    let made = call.poll(now, || {
                        poll_request(uuid, *scanned, &self.site, &self.policy, unix_ms)
                    });
                    match made {
                        Ok(action) => return action,
                        Err(unready) => self.fail(Step::Login, unready),
                    }
                }
                Stage::Restore(restore) => return restore.poll(now),
                Stage::End(calls, error) => match calls.poll() {
                    Some(action) => return action,
                    None => self.stage = Stage::Done(error.clone()),
                },
                Stage::Done(error) => return Action::Done(Err((**error).clone())),
            }
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        match &mut self.stage {
            Stage::Begin(_) | Stage::Done(_) => return Err(UnexpectedInput),
            Stage::Code(repeating) => {
                let ended = repeating.handle(input, now, &self.policy, JsLogin::read)?;
                let next_id = repeating.next_id();
                match ended {
                    None => {}
                    Some(Ok(uuid)) => {
                        let code = LoginState::Code { link: uuid.link(&self.site) };
                        self.wait_for_phone(uuid, next_id, &code);
                    }
                    Some(Err(ErrorKind::Reply(ReplyError::Code(code)))) => {
                        self.polled(Polled::Trouble { code }, next_id, now);
                    }
                    Some(Err(kind)) => self.fail(Step::Login, kind),
                }
            }
            Stage::Push(repeating) => {
                let ended = repeating.handle(input, now, &self.policy, PushLoginUrl::read)?;
                let next_id = repeating.next_id();
                match ended {
                    None => {}
                    Some(Ok(uuid)) => self.wait_for_phone(uuid, next_id, &LoginState::Asked),
                    // The cookies of that login are gone, or the server cannot ask: a code it is.
                    Some(Err(kind)) => {
                        (self.tell)(&match kind {
                            ErrorKind::Reply(ReplyError::Refused { .. }) => LoginState::Refused,
                            _ => LoginState::Trouble { code: None },
                        });
                        self.stage = Stage::Begin(next_id);
                    }
                }
            }
            Stage::Poll { call, .. } => {
                let answer = match call.handle(input)? {
                    None => return Ok(()),
                    // Somebody in between shows a certificate of their own.
                    Some(AttemptResult::Failed(failure))
                        if matches!(failure.kind, TransportErrorKind::Certificate(_)) =>
                    {
                        let tries = call.tries();
                        self.fail(Step::Login, ErrorKind::Network { failure, tries });
                        return Ok(());
                    }
                    Some(AttemptResult::Reply(reply)) => {
                        PollLogin::read(&reply).map_err(ErrorKind::from)
                    }
                    Some(AttemptResult::Failed(failure)) => {
                        Err(ErrorKind::Network { failure, tries: call.tries() })
                    }
                    Some(AttemptResult::TooLarge(error)) => Err(error.into()),
                };
                match answer {
                    Ok(polled) => {
                        call.went_well();
                        let next_id = call.next_id();
                        self.polled(polled, next_id, now);
                    }
                    Err(kind) => call.failed(kind, now, &self.policy),
                }
            }
            Stage::Page { .. } => return self.page_input(input, now),
            Stage::Restore(restore) => return restore.handle(input, now),
            Stage::End(calls, _) => return calls.handle(input),
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        let at = Progress::at(Step::Login, 0);
        match &self.stage {
            Stage::Code(call) | Stage::Push(call) | Stage::Page { repeating: call, .. } => {
                call.progress(at)
            }
            Stage::Poll { call, .. } => call.progress(at),
            Stage::Restore(restore) => restore.progress(),
            Stage::Begin(_) | Stage::End(..) | Stage::Done(_) => at,
        }
    }

    fn cancel(&mut self) {
        match &mut self.stage {
            Stage::Done(_) => {}
            Stage::Restore(restore) => restore.cancel(),
            Stage::End(_, error) => self.stage = Stage::Done(error.clone()),
            _ => self.fail(Step::Login, ErrorKind::Cancelled),
        }
    }
}

impl<T> fmt::Debug for Login<T> {
    /// Where it is and nothing else: codes and tickets are as good as the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            Stage::Begin(_) | Stage::Code(..) => "code",
            Stage::Push(..) => "push",
            Stage::Poll { scanned: false, .. } => "poll",
            Stage::Poll { scanned: true, .. } => "poll, scanned",
            Stage::Page { .. } => "page",
            Stage::Restore(_) => "init",
            Stage::End(..) => "end",
            Stage::Done(_) => "done",
        };
        f.debug_struct("Login")
            .field("codes", &self.codes)
            .field("stage", &stage)
            .finish_non_exhaustive()
    }
}

impl From<HostError> for ErrorKind {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}
