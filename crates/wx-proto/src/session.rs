//! A login: everything that requests are made of.

mod adopt;
pub(crate) mod builder;
pub(crate) mod cookies;
pub(crate) mod credentials;
mod file;
pub(crate) mod replies;
pub(crate) mod sync;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde_json::{Map, Value};

use self::builder::SessionBuilder;
use self::sync::SyncState;
use crate::model::hosts::{HostRole, Hosts};
use crate::model::ids::{DeviceId, UserName};
use crate::model::md5::Md5Hasher;
use crate::model::request_error::RequestError;
use crate::model::secret::Secret;
use crate::model::session_error::SessionError;
use crate::model::site::Site;
use crate::session::cookies::CookieJar;
use crate::wire::cgi::cgi;
use crate::wire::query::PassTicket;

/// The cookie whose value goes into the upload form (P8).
pub(crate) const DATA_TICKET: &str = "webwx_data_ticket";
/// What a server gives is kept up to these lengths in bytes, so that a session file stays small:
/// secrets have some hundred, UserNames 65.
pub(crate) const LONGEST_VALUE: usize = 4096;
pub(crate) const LONGEST_NAME: usize = 256;

/// A login: hosts, ids, secrets and cookies. Made by [`Session::builder`] or read from a file's
/// text by [`Session::from_json`]; both refuse hosts that are not web WeChat's.
///
/// A clone shares all of it, until one of the two is changed. `Debug` shows the hosts and the names
/// of the cookies, nothing else.
#[derive(Clone, PartialEq)]
pub struct Session {
    parts: Arc<Parts>,
    /// What the login is recognised by within this process.
    login_mark: u64,
}

#[derive(Clone, PartialEq)]
struct Parts {
    site: Site,
    uin: u32,
    sid: Secret,
    skey: Secret,
    pass_ticket: Option<PassTicket>,
    device_id: Option<DeviceId>,
    /// Not known before webwxinit has replied.
    user_name: Option<UserName>,
    /// As webwxinit told; not saved.
    nick_name: Option<String>,
    cookies: CookieJar,
    /// Shared once more, so that a new cookie does not copy 20 000 ids.
    sync: Arc<SyncState>,
    /// What the file holds besides, kept as it is.
    rest: Map<String, Value>,
}

impl Session {
    fn from_parts(parts: Parts) -> Self {
        Self { login_mark: parts.login_mark(), parts: Arc::new(parts) }
    }

    /// Starts a session for the base that the login redirected to, such as `https://wx.qq.com`.
    pub fn builder(base: &str) -> SessionBuilder {
        SessionBuilder::new(base)
    }

    /// Reads a session file's text, version 1. Plain http is refused.
    ///
    /// # Errors
    /// [`SessionError`], which names the key but never its value; only a loopback address is shown.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, SessionError> {
        file::read(text.as_ref(), Hosts::from_base)
    }

    /// As [`Session::from_json`], and accepts plain http to a literal loopback address as well: for
    /// tests and demonstrations. See [`Hosts::loopback`].
    ///
    /// # Errors
    /// [`SessionError`], which names the key but never its value.
    pub fn from_json_allow_loopback(text: impl AsRef<[u8]>) -> Result<Self, SessionError> {
        file::read(text.as_ref(), Hosts::loopback)
    }

    /// The session file's text, version 1, with all keys that were read. **It holds every secret of
    /// the login**: write it where only the user can read it.
    ///
    /// Whatever a server answers, what it adds to the text stays below 2 MiB.
    #[must_use]
    pub fn to_json(&self) -> Secret {
        Secret::new(file::write(self))
    }

    /// The page that it is a login of.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.parts.site
    }

    /// The hosts of this login.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        self.parts.site.hosts()
    }

    /// The user's number.
    #[must_use]
    pub fn uin(&self) -> u32 {
        self.parts.uin
    }

    /// The session id, raw.
    #[must_use]
    pub fn sid(&self) -> &Secret {
        &self.parts.sid
    }

    /// The current skey.
    #[must_use]
    pub fn skey(&self) -> &Secret {
        &self.parts.skey
    }

    /// Returns the user's own UserName in this login, once webwxinit has told it.
    #[must_use]
    pub fn user_name(&self) -> Option<&UserName> {
        self.parts.user_name.as_ref()
    }

    /// The user's own nickname, decoded, once webwxinit has told it. It is not saved. What somebody
    /// chose: do not print it raw.
    #[must_use]
    pub fn nick_name(&self) -> Option<&str> {
        self.parts.nick_name.as_deref()
    }

    /// The cookies.
    #[must_use]
    pub fn cookies(&self) -> &CookieJar {
        &self.parts.cookies
    }

    /// Sets the `User-Agent` of every request: printable ASCII.
    ///
    /// # Errors
    /// [`SessionError::Invalid`] for any other text.
    pub fn set_user_agent(&mut self, user_agent: &str) -> Result<(), SessionError> {
        self.change().site = self.parts.site.clone().with_user_agent(user_agent)?;
        Ok(())
    }

    /// Its parts, no longer shared.
    fn change(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.parts)
    }

    /// What is known of the messages so far.
    pub(crate) fn sync(&self) -> &SyncState {
        &self.parts.sync
    }

    pub(crate) fn pass_ticket(&self) -> Option<&PassTicket> {
        self.parts.pass_ticket.as_ref()
    }

    pub(crate) fn device_id(&self) -> Option<&DeviceId> {
        self.parts.device_id.as_ref()
    }

    /// Whether somebody is logged in, as far as can be told from here.
    ///
    /// # Errors
    /// [`RequestError::NotLoggedIn`] if sid or skey is empty.
    pub fn check_login(&self) -> Result<(), RequestError> {
        if self.parts.sid.expose().is_empty() || self.parts.skey.expose().is_empty() {
            Err(RequestError::NotLoggedIn)
        } else {
            Ok(())
        }
    }

    /// Whether something can be uploaded at `unix_ms` (Unix milliseconds); the ticket is what it
    /// needs (P8).
    ///
    /// # Errors
    /// [`RequestError`] if nobody is logged in, webwxinit is due, or the cookie `webwx_data_ticket`
    /// is missing or expired.
    pub fn check_upload(&self, unix_ms: u64) -> Result<(), RequestError> {
        self.data_ticket(unix_ms).map(|_| ())
    }

    /// Whether webwxinit is still due: the login page has opened this login, and its UserName is
    /// not known yet. [`Restore`](crate::flow::Restore) continues it; nothing can be sent before
    /// that.
    #[must_use]
    pub fn awaits_init(&self) -> bool {
        self.parts.user_name.is_none()
    }

    /// Whether a message can be sent or an upload begun.
    ///
    /// # Errors
    /// [`RequestError::NotLoggedIn`] if nobody is logged in, [`RequestError::InitDue`] before
    /// webwxinit.
    pub(crate) fn check_sender(&self) -> Result<(), RequestError> {
        self.check_login()?;
        self.own_name().map(|_| ())
    }

    /// Returns the user's own UserName, which requests in the user's name are made of.
    ///
    /// # Errors
    /// [`RequestError::InitDue`] before webwxinit.
    pub(crate) fn own_name(&self) -> Result<&UserName, RequestError> {
        self.user_name().ok_or(RequestError::InitDue)
    }

    /// Tells logins apart without telling anything of them, for what is saved within one: a hash
    /// under a key that is random for each job. sid alone has 96 random bits.
    #[must_use]
    pub fn fingerprint(&self, key: &[u8; 16]) -> String {
        let mut hash = Md5Hasher::new();
        hash.update(key);
        hash.update(self.parts.uin.to_le_bytes());
        hash.update(self.hosts().origin(HostRole::Base).to_string());
        hash.update([0]);
        hash.update(self.parts.sid.expose());
        hash.finish().to_string()
    }

    /// Tells this login from others, within this process alone: see [`Session::fingerprint`].
    pub(crate) fn login_mark(&self) -> u64 {
        self.login_mark
    }

    /// Whether nothing has changed since `other` was cloned of this session.
    pub(crate) fn is_unchanged_since(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts)
    }

    pub(crate) fn data_ticket(&self, unix_ms: u64) -> Result<&Secret, RequestError> {
        self.check_sender()?;
        data_ticket(&self.parts.cookies, self.hosts(), unix_ms / 1000)
            .ok_or(RequestError::NoDataTicket)
    }
}

impl Parts {
    fn login_mark(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        let base = self.site.hosts().origin(HostRole::Base);
        (self.uin, self.sid.expose(), base).hash(&mut hash);
        hash.finish()
    }
}

/// The ticket that an upload needs: the page reads it from its cookies, those of the upload's host
/// first.
pub(crate) fn data_ticket<'a>(
    jar: &'a CookieJar,
    hosts: &Hosts,
    unix_s: u64,
) -> Option<&'a Secret> {
    let path = cgi!("webwxuploadmedia");
    [HostRole::File, HostRole::Base]
        .iter()
        .filter_map(|role| jar.value_for(DATA_TICKET, &hosts.origin(*role), path, unix_s))
        .find(|ticket| !ticket.expose().is_empty())
}

/// An skey that takes the place of the one before, unless the server gave none or an absurd one
/// (P14).
pub(crate) fn new_skey(skey: String) -> Option<Secret> {
    (1..=LONGEST_VALUE).contains(&skey.len()).then(|| skey.into())
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cookies: Vec<_> =
            self.parts.cookies.cookies().iter().map(|cookie| &cookie.name).collect();
        let base = self.hosts().origin(HostRole::Base).to_string();
        f.debug_struct("Session")
            .field("base", &base)
            .field("cookies", &cookies)
            .finish_non_exhaustive()
    }
}
