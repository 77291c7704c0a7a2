//! The login page: it makes the login, and is the one call that the caller may add to.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};

use super::{Entering, LoginState, Stage, page_row};
use crate::endpoint::Endpoint;
use crate::endpoint::new_login_page::{Credentials, LoginPage, NewLoginPage};
use crate::flow::job::{Cx, Fail, Next};
use crate::flow::restore::Restoring;
use crate::flow::retry::Retry;
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

impl Entering {
    /// Opens the login page that `redirect_uri` names.
    pub(super) fn open(
        &mut self,
        redirect_uri: &Secret,
        elsewhere: u32,
        cx: &Cx<'_>,
    ) -> Result<Next<()>, ErrorKind> {
        let (call, site) = NewLoginPage::from_redirect(redirect_uri, &self.site)?;
        let call = self.page.add_to(call);
        self.stage = Stage::Page { call, site, elsewhere };
        Ok(Next::Call(page_row(cx.policy)))
    }

    /// Takes the page's reply.
    pub(super) fn paged(&mut self, reply: &Response<Bytes>, cx: &Cx<'_>) -> Result<Next<()>, Fail> {
        let Stage::Page { call, site, elsewhere } = &self.stage else {
            return Err(ReplyError::Empty.into());
        };
        let (site, elsewhere) = (site.clone(), *elsewhere);
        let page = NewLoginPage::read(reply);
        if matches!(page, Ok(_) | Err(ReplyError::Missing(_))) {
            self.cookies.apply(reply, call, &site, cx.unix_ms / 1000);
        }
        match page {
            Ok(LoginPage::Elsewhere(_)) if elsewhere >= ELSEWHERE => {
                Err(Fail::Final(ReplyError::LoginPageLoop.into()))
            }
            Ok(LoginPage::Elsewhere(url)) => Ok(self.open(&url, elsewhere + 1, cx)?),
            Ok(LoginPage::Credentials(credentials)) => Ok(self.opened(site, credentials, cx)?),
            Err(error) => {
                self.left = self.cookies.leftovers(reply, &site);
                Err(error.into())
            }
        }
    }

    fn opened(
        &mut self,
        site: Site,
        credentials: Credentials,
        cx: &Cx<'_>,
    ) -> Result<Next<()>, ErrorKind> {
        let ticket = self.cookies.check_ticket(&site, cx.unix_ms / 1000);
        let session = Session::from_login(site, credentials, self.cookies.kept().clone());
        if let Err(none) = ticket {
            return Ok(self.end(session, Error::new(Step::Login, none)));
        }
        if let Err(unready) = session.check_login() {
            return Ok(self.end(session, Error::new(Step::Prepare, unready)));
        }
        let restoring = Restoring::new(cx.seed.later(cx.unix_ms), cx.policy.login_tries);
        self.stage = Stage::Restore(restoring);
        self.shown.push(LoginState::Opened { session: session.clone() });
        self.session = session;
        Ok(Next::Settle)
    }

    /// The page came to nothing, for good.
    pub(super) fn page_failed(
        &mut self,
        kind: ErrorKind,
        cx: &Cx<'_>,
    ) -> Result<Next<()>, ErrorKind> {
        match (kind, self.left.take(), &self.stage) {
            // A web page in its place means that the ticket was not taken (§8.3).
            (ErrorKind::Reply(error), _, _) if asks_for_another_code(&error, cx.repeated) => {
                self.shown.push(LoginState::Trouble { code: None });
                self.ask(cx)
            }
            (kind, Some(left), Stage::Page { site, .. }) => {
                let session = Session::from_login(site.clone(), left, self.cookies.kept().clone());
                Ok(self.end(session, Error::new(Step::Login, kind)))
            }
            (kind, ..) => Err(kind),
        }
    }

    /// Ends a login that cannot be used at the server, and then with `error`, whatever comes of
    /// that.
    fn end(&mut self, session: Session, error: Error) -> Next<()> {
        self.stage = Stage::End(Box::new(session), Box::new(error));
        Next::Call(Retry::side_call())
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
