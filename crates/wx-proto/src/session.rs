//! The session of a login: everything that requests are made from.

mod apply;
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
use crate::model::unix_ms::UnixMs;
use crate::session::cookies::CookieJar;
use crate::wire::cgi::cgi;
use crate::wire::query::PassTicket;

/// The cookie whose value is part of the upload form ([P8](crate::protocol#p8)).
pub(crate) const DATA_TICKET: &str = "webwx_data_ticket";
/// Values of the server are kept up to these lengths in bytes, so that a session file stays small.
/// Secrets have some hundred bytes, UserNames 65.
pub(crate) const LONGEST_VALUE: usize = 4096;
pub(crate) const LONGEST_NAME: usize = 256;

/// The session of a login: hosts, ids, secrets and cookies. Created by [`Session::builder`], or
/// read from the text of a file by [`Session::from_json`]. Both refuse hosts that do not belong to
/// web WeChat.
///
/// Clones share their data until one of them is changed. `Debug` shows the hosts and the names of
/// the cookies, nothing else.
#[derive(Clone, PartialEq)]
pub struct Session {
    parts: Arc<Parts>,
    /// Identifies the login within this process.
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
    /// Unknown until webwxinit has replied.
    user_name: Option<UserName>,
    /// From webwxinit; not saved.
    nick_name: Option<String>,
    cookies: CookieJar,
    /// In an `Arc` of its own, so that a new cookie does not copy 20 000 ids.
    sync: Arc<SyncState>,
    /// The unknown keys of the file, which are kept.
    rest: Map<String, Value>,
}

impl Session {
    fn from_parts(parts: Parts) -> Self {
        Self { login_mark: parts.login_mark(), parts: Arc::new(parts) }
    }

    /// Returns a builder for the base that the login redirected to, such as `https://wx.qq.com`.
    pub fn builder(base: &str) -> SessionBuilder {
        SessionBuilder::new(base)
    }

    /// Reads the text of a session file, version 1. Plain http is refused.
    ///
    /// # Errors
    /// Returns a [`SessionError`], which names the key but never its value. Only a loopback address
    /// is shown.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, SessionError> {
        file::read(text.as_ref(), Hosts::from_base)
    }

    /// Like [`Session::from_json`], but also accepts plain http to a literal loopback address, for
    /// tests and demonstrations. See [`Hosts::loopback`].
    ///
    /// # Errors
    /// Returns a [`SessionError`], which names the key but never its value.
    pub fn from_json_allow_loopback(text: impl AsRef<[u8]>) -> Result<Self, SessionError> {
        file::read(text.as_ref(), Hosts::loopback)
    }

    /// Returns the text of the session file, version 1, with all keys that were read. **It holds
    /// every secret of the login**: write it where only the user can read it.
    ///
    /// Whatever a server replies, the values it adds to the text stay below 2 MiB.
    #[must_use]
    pub fn to_json(&self) -> Secret {
        Secret::new(file::write(self))
    }

    /// Returns the site of the login.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.parts.site
    }

    /// Returns the hosts of the login.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        self.parts.site.hosts()
    }

    /// Returns the number of the user, which outlives the login; `None` before the first login.
    #[must_use]
    pub fn uin(&self) -> Option<u32> {
        Some(self.parts.uin).filter(|uin| *uin != 0)
    }

    /// Returns the session id, not encoded, if somebody is logged in.
    #[must_use]
    pub fn sid(&self) -> Option<&Secret> {
        Some(&self.parts.sid).filter(|sid| !sid.expose().is_empty())
    }

    /// Returns the current skey, if somebody is logged in.
    #[must_use]
    pub fn skey(&self) -> Option<&Secret> {
        Some(&self.parts.skey).filter(|skey| !skey.expose().is_empty())
    }

    /// Returns the number of the user as requests spell it.
    pub(crate) fn uin_or_zero(&self) -> u32 {
        self.parts.uin
    }

    /// Returns the session id as requests spell it.
    pub(crate) fn sid_or_empty(&self) -> &str {
        self.parts.sid.expose()
    }

    /// Returns the skey as requests spell it.
    pub(crate) fn skey_or_empty(&self) -> &str {
        self.parts.skey.expose()
    }

    /// Returns the user's own UserName in this login, unless webwxinit has not replied yet.
    #[must_use]
    pub fn user_name(&self) -> Option<&UserName> {
        self.parts.user_name.as_ref()
    }

    /// Returns the user's own nickname, decoded, once webwxinit has replied. It is not saved. It is
    /// chosen by a person, so do not print it unescaped.
    #[must_use]
    pub fn nick_name(&self) -> Option<&str> {
        self.parts.nick_name.as_deref()
    }

    /// Returns the cookies.
    #[must_use]
    pub fn cookies(&self) -> &CookieJar {
        &self.parts.cookies
    }

    /// Sets the `User-Agent` of every request, which has to be printable ASCII.
    ///
    /// # Errors
    /// Returns [`SessionError::Invalid`] for any other text.
    pub fn set_user_agent(&mut self, user_agent: &str) -> Result<(), SessionError> {
        self.change().site = self.parts.site.clone().with_user_agent(user_agent)?;
        Ok(())
    }

    /// Returns its parts, no longer shared with clones.
    fn change(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.parts)
    }

    /// Returns the sync state.
    pub(crate) fn sync(&self) -> &SyncState {
        &self.parts.sync
    }

    pub(crate) fn pass_ticket(&self) -> Option<&PassTicket> {
        self.parts.pass_ticket.as_ref()
    }

    pub(crate) fn device_id(&self) -> Option<&DeviceId> {
        self.parts.device_id.as_ref()
    }

    /// Checks that somebody is logged in, as far as this can be known locally.
    ///
    /// # Errors
    /// Returns [`RequestError::NotLoggedIn`] if sid or skey is empty.
    pub fn check_login(&self) -> Result<(), RequestError> {
        self.sid().and(self.skey()).map(drop).ok_or(RequestError::NotLoggedIn)
    }

    /// Checks that an upload can be made at `now`, which needs the data ticket
    /// ([P8](crate::protocol#p8)).
    ///
    /// # Errors
    /// Returns a [`RequestError`] if nobody is logged in, webwxinit is due, or the cookie
    /// `webwx_data_ticket` is missing or expired.
    pub fn check_upload(&self, now: UnixMs) -> Result<(), RequestError> {
        self.data_ticket(now).map(|_| ())
    }

    /// Returns whether webwxinit is still due: the login page has opened this login, and its
    /// UserName is not known yet. Nothing can be sent until [`Restore`](crate::flow::Restore) has
    /// completed it.
    #[must_use]
    pub fn awaits_init(&self) -> bool {
        self.parts.user_name.is_none()
    }

    /// Checks that a message can be sent or an upload begun.
    ///
    /// # Errors
    /// Returns [`RequestError::NotLoggedIn`] if nobody is logged in, and [`RequestError::InitDue`]
    /// before webwxinit.
    pub(crate) fn check_sender(&self) -> Result<(), RequestError> {
        self.check_login()?;
        self.own_name().map(|_| ())
    }

    /// Returns the user's own UserName, for requests in the user's name.
    ///
    /// # Errors
    /// Returns [`RequestError::InitDue`] before webwxinit.
    pub(crate) fn own_name(&self) -> Result<&UserName, RequestError> {
        self.user_name().ok_or(RequestError::InitDue)
    }

    /// Returns a hash that identifies the login without revealing anything about it, to be stored
    /// with saved jobs. `key` is random for each job. sid alone has 96 random bits.
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

    /// Identifies the login within this process; see [`Session::fingerprint`].
    pub(crate) fn login_mark(&self) -> u64 {
        self.login_mark
    }

    /// Whether this is an unchanged clone of `other`, or the other way around.
    pub(crate) fn is_unchanged_since(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts)
    }

    pub(crate) fn data_ticket(&self, now: UnixMs) -> Result<&Secret, RequestError> {
        self.check_sender()?;
        data_ticket(&self.parts.cookies, self.hosts(), now).ok_or(RequestError::NoDataTicket)
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

/// Returns the ticket that an upload needs. Like the page, it is read from the cookies, first from
/// those of the upload's host.
pub(crate) fn data_ticket<'a>(
    jar: &'a CookieJar,
    hosts: &Hosts,
    now: UnixMs,
) -> Option<&'a Secret> {
    let path = cgi!("webwxuploadmedia");
    [HostRole::File, HostRole::Base]
        .iter()
        .filter_map(|role| jar.value_for(DATA_TICKET, &hosts.origin(*role), path, now))
        .find(|ticket| !ticket.expose().is_empty())
}

/// Returns the skey of a reply, unless the server sent none or an absurdly long one
/// ([P14](crate::protocol#p14)).
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
