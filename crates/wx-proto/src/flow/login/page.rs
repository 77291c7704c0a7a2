//! The call of the login page, which creates the login. Callers can extend its request.

use http::{HeaderName, HeaderValue};

use super::{LoginJob, Stage, page_rules};
use crate::endpoint::Endpoint;
use crate::endpoint::new_login_page::{Credentials, LoginPage, NewLoginPage};
use crate::flow::job::{Cx, Fail, Next, Reply, Transition};
use crate::flow::login_state::LoginState;
use crate::flow::restore::Opened;
use crate::flow::retry::Retry;
use crate::model::error::{Error, ErrorKind};
use crate::model::hosts::HostRole;
use crate::model::reply_error::ReplyError;
use crate::model::secret::Secret;
use crate::model::site::Site;
use crate::model::step::Step;
use crate::model::unix_ms::UnixMs;
use crate::session::cookies::CookieJar;
use crate::session::{Session, data_ticket};

/// The maximum number of further login pages that a login page may redirect to.
const MAX_OTHER_PAGES: u32 = 2;

/// The caller's additions to the request for the login page. By default there are none
/// ([§2.6](crate::protocol#s2-6)).
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

/// The cookies that a login starts with.
pub(super) struct PageCookies {
    /// The cookies that are valid according to this computer's clock.
    kept: CookieJar,
    /// The cookies that the pages have set, as if it were [`EARLIEST`]. Those that are not in
    /// `kept` have expired only according to this computer's clock.
    set_by_pages: CookieJar,
}

/// The beginning of 2011. An earlier expiry, before web WeChat existed, deletes a cookie.
const EARLIEST: UnixMs = UnixMs::from_secs(1_293_840_000);

impl PageCookies {
    /// Starts with the cookies of an earlier login.
    pub(super) fn new(kept: CookieJar) -> Self {
        Self { kept, set_by_pages: CookieJar::default() }
    }

    /// Applies the cookies of a login page's reply, at `now`.
    pub(super) fn apply(&mut self, reply: &Reply, call: &NewLoginPage, site: &Site, now: UnixMs) {
        let (origin, path) = (site.hosts().origin(HostRole::Base), call.target().expose());
        self.kept.apply_at(reply.headers(), &origin, path, now);
        self.set_by_pages.apply_at(reply.headers(), &origin, path, EARLIEST);
    }

    /// Checks that there is the cookie that uploads require.
    pub(super) fn check_ticket(&self, site: &Site, now: UnixMs) -> Result<(), ReplyError> {
        if data_ticket(&self.kept, site.hosts(), now).is_some() {
            return Ok(());
        }
        let expired = data_ticket(&self.set_by_pages, site.hosts(), EARLIEST).is_some();
        Err(ReplyError::NoDataTicket { expired })
    }

    /// Returns the credentials in a reply that omits some, to end the login at the server.
    pub(super) fn leftovers(&self, reply: &Reply, site: &Site) -> Option<Credentials> {
        let origin = site.hosts().origin(HostRole::Base);
        NewLoginPage::leftovers(reply, |name| {
            self.set_by_pages.value(name, &origin, EARLIEST).cloned()
        })
    }

    pub(super) fn kept(&self) -> &CookieJar {
        &self.kept
    }
}

impl LoginJob {
    /// Opens the login page at `redirect_uri`.
    pub(super) fn open(
        &mut self,
        redirect_uri: &Secret,
        other_pages: u32,
        cx: &Cx<'_>,
    ) -> Transition<Opened> {
        let (call, site) = NewLoginPage::from_redirect(redirect_uri, &self.site)?;
        let call = self.page.add_to(call);
        self.stage = Stage::Page { call, site, other_pages };
        Ok(Next::Call(page_rules(cx.policy)))
    }

    /// Handles the reply of the login page.
    pub(super) fn page_reply(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<Opened, Fail> {
        let Stage::Page { call, site, other_pages } = &self.stage else {
            return Err(ReplyError::Empty.into());
        };
        let (site, other_pages) = (site.clone(), *other_pages);
        let page = NewLoginPage::read(reply);
        if matches!(page, Ok(_) | Err(ReplyError::Missing(_))) {
            self.cookies.apply(reply, call, &site, cx.time);
        }
        match page {
            Ok(LoginPage::OtherPage(_)) if other_pages >= MAX_OTHER_PAGES => {
                Err(Fail::Final(ReplyError::LoginPageLoop.into()))
            }
            Ok(LoginPage::OtherPage(url)) => Ok(self.open(&url, other_pages + 1, cx)?),
            Ok(LoginPage::Credentials(credentials)) => Ok(self.opened(site, credentials, cx)?),
            Err(error) => {
                self.left = self.cookies.leftovers(reply, &site);
                Err(error.into())
            }
        }
    }

    fn opened(&mut self, site: Site, credentials: Credentials, cx: &Cx<'_>) -> Transition<Opened> {
        let ticket = self.cookies.check_ticket(&site, cx.time);
        let session = Session::from_login(site, credentials, self.cookies.kept().clone());
        let ticket = ticket.map_err(|error| Error::new(Step::Login, error));
        let login = session.check_login().map_err(|error| Error::new(Step::Prepare, error));
        if let Err(error) = ticket.and(login) {
            return Ok(self.end(session, error));
        }
        let mut shown = std::mem::take(&mut self.shown);
        shown.push(LoginState::Opened { session: session.clone() });
        Ok(Next::Done(Opened { session, shown }))
    }

    /// Handles the final error of the login page.
    pub(super) fn page_failed(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Transition<Opened> {
        match (kind, self.left.take(), &self.stage) {
            // A web page instead of XML means that the ticket was not accepted (§8.3).
            (ErrorKind::Reply(error), _, _) if needs_another_code(&error, cx.repeated) => {
                self.shown.push(LoginState::ServerProblem { code: None });
                self.request_code(cx)
            }
            (kind, Some(left), Stage::Page { site, .. }) => {
                let session = Session::from_login(site.clone(), left, self.cookies.kept().clone());
                Ok(self.end(session, Error::new(Step::Login, kind)))
            }
            (kind, ..) => Err(kind),
        }
    }

    /// Ends an unusable login at the server. The job then ends with `error`, even if the logout
    /// fails.
    fn end(&mut self, session: Session, error: Error) -> Next<Opened> {
        self.stage = Stage::End(Box::new(session), Box::new(error));
        Next::Call(Retry::side_call())
    }
}

/// Returns whether another code is needed because the login page rejected the ticket. It replies
/// with a web page ([§8.3](crate::protocol#s8-3)), or refuses a ticket that an earlier try may have
/// used, if the reply to that try was lost.
fn needs_another_code(error: &ReplyError, repeated: bool) -> bool {
    match error {
        ReplyError::Html => true,
        ReplyError::Refused { ret, .. } => repeated && !matches!(ret.0, -1 | 1203 | 1205),
        _ => false,
    }
}
