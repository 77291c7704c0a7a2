//! The login page: it makes the login, and is the one call that the caller may add to.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};

use super::{Login, LoginState, Stage};
use crate::endpoint::Endpoint;
use crate::endpoint::logout::LogoutCall;
use crate::endpoint::new_login_page::{Credentials, LoginPage, NewLoginPage};
use crate::flow::repeating::{Repeating, is_server_trouble};
use crate::flow::side_calls::SideCalls;
use crate::flow::{CallId, Input, Restore, UnexpectedInput};
use crate::model::error::{Error, ErrorKind};
use crate::model::hosts::HostRole;
use crate::model::reply_error::ReplyError;
use crate::model::secret::Secret;
use crate::model::site::Site;
use crate::model::step::Step;
use crate::session::cookies::CookieJar;
use crate::session::{Session, data_ticket};

/// How often a login page may send on to another.
const ELSEWHERE: u32 = 2;

/// What the caller adds to the login page's request; nothing is built in (§2.6).
#[derive(Clone, Default)]
pub(super) struct PageExtras {
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) pairs: Vec<(String, String)>,
}

impl PageExtras {
    pub(super) fn add_to(&self, call: NewLoginPage) -> NewLoginPage {
        let call = self.pairs.iter().fold(call, |call, (key, value)| call.pair(key, value));
        let add = |call: NewLoginPage, (name, value): &(HeaderName, HeaderValue)| {
            call.header(name.clone(), value.clone())
        };
        self.headers.iter().fold(call, add)
    }
}

/// The cookies that a login begins with.
pub(super) struct PageCookies {
    /// What this computer's clock leaves of them.
    kept: CookieJar,
    /// Those that the pages gave, as they were on [`EARLIEST`]: what is in here and not in `kept`
    /// has expired by this computer's clock alone.
    given: CookieJar,
}

/// The beginning of 2011, in Unix seconds. A cookie that ended before there was any web WeChat was
/// deleted, not given.
const EARLIEST: u64 = 1_293_840_000;

impl PageCookies {
    /// Begins with those of an earlier login.
    pub(super) fn new(kept: CookieJar) -> Self {
        Self { kept, given: CookieJar::default() }
    }

    /// Takes in those of a page's reply, which came at `unix_s`.
    pub(super) fn apply(
        &mut self,
        reply: &Response<Bytes>,
        call: &NewLoginPage,
        site: &Site,
        unix_s: u64,
    ) {
        let (origin, path) = (site.hosts().origin(HostRole::Base), call.target().expose());
        self.kept.apply_at(reply.headers(), &origin, path, unix_s);
        self.given.apply_at(reply.headers(), &origin, path, EARLIEST);
    }

    /// Whether the cookie is there that every upload needs: without it there is no login.
    pub(super) fn check_ticket(&self, site: &Site, unix_s: u64) -> Result<(), ReplyError> {
        if data_ticket(&self.kept, site.hosts(), unix_s).is_some() {
            return Ok(());
        }
        let expired = data_ticket(&self.given, site.hosts(), EARLIEST).is_some();
        Err(ReplyError::NoDataTicket { expired })
    }

    /// What is left of a login that the server made and told badly.
    pub(super) fn leftovers(&self, reply: &Response<Bytes>, site: &Site) -> Option<Credentials> {
        let origin = site.hosts().origin(HostRole::Base);
        NewLoginPage::leftovers(reply, |name| self.given.value(name, &origin, EARLIEST).cloned())
    }

    pub(super) fn kept(&self) -> &CookieJar {
        &self.kept
    }
}

impl<T: FnMut(&LoginState)> Login<T> {
    /// Opens the login page that `redirect_uri` names.
    pub(super) fn open(&mut self, redirect_uri: &Secret, elsewhere: u32, next_id: CallId) {
        let (call, site) = match NewLoginPage::at(redirect_uri, &self.site) {
            Ok(found) => found,
            Err(error) => return self.fail(Step::Login, error),
        };
        let call = self.page.add_to(call);
        match call.request(&Session::new(site.clone())) {
            Ok(request) => {
                let repeating = Repeating::new(next_id, request.for_call(&self.policy))
                    .with_tries(self.policy.login_tries)
                    .repeated_if(is_server_trouble);
                self.stage = Stage::Page { call, site, elsewhere, repeating };
            }
            Err(unready) => self.fail(Step::Login, unready),
        }
    }

    fn paged(
        &mut self,
        page: LoginPage,
        site: Site,
        elsewhere: u32,
        next_id: CallId,
        now: Duration,
    ) {
        match page {
            LoginPage::Elsewhere(_) if elsewhere >= ELSEWHERE => {
                self.fail(Step::Login, ReplyError::Missing("a login page that sends on nowhere"));
            }
            LoginPage::Elsewhere(url) => self.open(&url, elsewhere + 1, next_id),
            LoginPage::Credentials(credentials) => {
                let unix_ms = self.clock.unix_ms(now);
                let ticket = self.cookies.check_ticket(&site, unix_ms / 1000);
                let session = Session::of_login(site, credentials, self.cookies.kept().clone());
                if let Err(none) = ticket {
                    return self.end(&session, next_id, Error::new(Step::Login, none), now);
                }
                let (seed, tries) = (self.seed.later(unix_ms), self.policy.login_tries);
                match Restore::with_tries(
                    next_id,
                    tries,
                    session.clone(),
                    seed,
                    self.policy.clone(),
                ) {
                    Ok(restore) => self.stage = Stage::Restore(Box::new(restore)),
                    Err(error) => return self.end(&session, next_id, error, now),
                }
                (self.tell)(&LoginState::Opened { session });
            }
        }
    }

    /// Ends a login that cannot be used at the server, and then with `error`, whatever comes of
    /// that.
    fn end(&mut self, session: &Session, next_id: CallId, error: Error, now: Duration) {
        let call = LogoutCall::new(self.clock.unix_ms(now)).request(session).ok();
        let call = call.map(|call| call.for_side_call(&self.policy));
        self.stage = Stage::End(SideCalls::new(next_id, call), Box::new(error));
    }

    /// Takes the answer to the outstanding action while the page is being opened.
    pub(super) fn page_input(
        &mut self,
        input: Input,
        now: Duration,
    ) -> Result<(), UnexpectedInput> {
        let Stage::Page { call, site, elsewhere, repeating } = &mut self.stage else {
            return Err(UnexpectedInput);
        };
        let (site, elsewhere, unix_s) = (site.clone(), *elsewhere, self.clock.unix_ms(now) / 1000);
        let (cookies, mut left) = (&mut self.cookies, None);
        let ended = repeating.handle(input, now, &self.policy, |reply| {
            let page = NewLoginPage::read(reply);
            if matches!(page, Ok(_) | Err(ReplyError::Missing(_))) {
                cookies.apply(reply, call, &site, unix_s);
            }
            left = page.is_err().then(|| cookies.leftovers(reply, &site)).flatten();
            page
        })?;
        let (next_id, repeated) = (repeating.next_id(), repeating.repeated());
        match ended {
            None => {}
            Some(Ok(page)) => self.paged(page, site, elsewhere, next_id, now),
            // A web page in its place means that the ticket was not taken (§8.3).
            Some(Err(ErrorKind::Reply(error))) if asks_for_another_code(&error, repeated) => {
                (self.tell)(&LoginState::Trouble { code: None });
                self.stage = Stage::Begin(next_id);
            }
            Some(Err(kind)) => match left {
                None => self.fail(Step::Login, kind),
                Some(left) => {
                    let session = Session::of_login(site, left, self.cookies.kept().clone());
                    self.end(&session, next_id, Error::new(Step::Login, kind), now);
                }
            },
        }
        Ok(())
    }
}

/// Whether the login page did not take the ticket: it answers with a web page (§8.3), or it refuses
/// a ticket that an earlier try, whose answer was lost, may have used up.
fn asks_for_another_code(error: &ReplyError, repeated: bool) -> bool {
    match error {
        ReplyError::Html => true,
        ReplyError::Refused { ret, .. } => repeated && !matches!(ret.0, -1 | 1203 | 1205),
        _ => false,
    }
}
