//! The session of a login, which all requests are made from.

mod apply;
pub(crate) mod builder;
pub(crate) mod cookies;
pub(crate) mod credentials;
mod file;
mod lifetime;
mod login_cookie;
pub(crate) mod new_messages;
pub(crate) mod outstanding;
pub(crate) mod replies;
pub(crate) mod rooms;
pub(crate) mod saved_login;
pub(crate) mod sync;
pub(crate) mod sync_key;

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde_json::{Map, Value};

use self::builder::SessionBuilder;
use self::rooms::KnownRooms;
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
/// The maximum lengths in bytes of values that a server sends, so that a session file stays small.
/// Usually, secrets have a few hundred bytes, and UserNames have 65.
pub(crate) const LONGEST_VALUE: usize = 4096;
pub(crate) const LONGEST_NAME: usize = 256;

/// The session of a login: hosts, ids, secrets and cookies. [`Session::builder`] creates it, and
/// [`Session::from_json`] reads it from the text of a file. Both reject hosts that do not belong to
/// web WeChat.
///
/// Clones share their data until one of them is changed. `Debug` shows only the hosts and the names
/// of the cookies.
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
    /// `None` until webwxinit has replied.
    user_name: Option<UserName>,
    /// The nickname in the reply to webwxinit. It is not saved.
    nick_name: Option<String>,
    cookies: CookieJar,
    /// In a separate `Arc`, so that a new cookie does not copy 20 000 ids.
    sync: Arc<SyncState>,
    rooms: Arc<KnownRooms>,
    /// The unknown keys of the session file, which are kept.
    rest: Map<String, Value>,
}

impl Session {
    fn from_parts(parts: Parts) -> Self {
        Self { login_mark: parts.login_mark(), parts: Arc::new(parts) }
    }

    /// Returns a builder for a session at `base`, the host that the login redirected to, such as
    /// `https://wx.qq.com`.
    pub fn builder(base: &str) -> SessionBuilder {
        SessionBuilder::new(base)
    }

    /// Parses the text of a session file, version 1. Plain http is rejected.
    ///
    /// # Errors
    /// Returns a [`SessionError`], which names the key but never its value. A loopback address is
    /// not a secret and is shown.
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

    /// Returns the text of the session file, version 1, including unknown keys that were read. **It
    /// contains every secret of the login**: write it where only the user can read it.
    ///
    /// Its sync position is before the oldest batch of messages that is not
    /// [acknowledged](Session::acknowledge), so the text can be saved at any time.
    ///
    /// The values that a server adds to the text have less than 2 MiB in total.
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

    /// Returns the number of the user, which is the same in each login, or `None` before the first
    /// login.
    #[must_use]
    pub fn uin(&self) -> Option<u32> {
        Some(self.parts.uin).filter(|uin| *uin != 0)
    }

    /// Returns the session id without percent-encoding, if somebody is logged in.
    #[must_use]
    pub fn sid(&self) -> Option<&Secret> {
        Some(&self.parts.sid).filter(|sid| !sid.expose().is_empty())
    }

    /// Returns the current skey, if somebody is logged in.
    #[must_use]
    pub fn skey(&self) -> Option<&Secret> {
        Some(&self.parts.skey).filter(|skey| !skey.expose().is_empty())
    }

    /// Returns the number of the user for requests: 0 before the first login.
    pub(crate) fn uin_or_zero(&self) -> u32 {
        self.parts.uin
    }

    /// Returns the session id for requests: empty if nobody is logged in.
    pub(crate) fn sid_or_empty(&self) -> &str {
        self.parts.sid.expose()
    }

    /// Returns the skey for requests: empty if nobody is logged in.
    pub(crate) fn skey_or_empty(&self) -> &str {
        self.parts.skey.expose()
    }

    /// Returns the user's own UserName in this login, once webwxinit has replied.
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

    /// Returns the rooms that the server and the messages have named since the session was created
    /// or read, up to a thousand. They are not saved. [`ListRooms`](crate::flow::ListRooms) lists
    /// all rooms.
    pub fn rooms(&self) -> impl Iterator<Item = &UserName> {
        self.parts.rooms.iter()
    }

    /// Returns whether webwxinit has named the rooms of the recent conversations.
    pub(crate) fn has_recent_rooms(&self) -> bool {
        self.parts.rooms.initialized
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

    /// Returns the parts for a change, which clones do not see.
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

    /// Checks that the session has the secrets of a login. Only the server knows whether the login
    /// is still valid.
    ///
    /// # Errors
    /// Returns [`RequestError::NotLoggedIn`] if sid or skey is empty.
    pub fn check_login(&self) -> Result<(), RequestError> {
        self.sid().and(self.skey()).map(drop).ok_or(RequestError::NotLoggedIn)
    }

    /// Checks that the session can be [restored](crate::flow::Restore): it has the sid of a login,
    /// but not necessarily an skey, because the reply to webwxinit contains one.
    pub(crate) fn check_restorable(&self) -> Result<(), RequestError> {
        self.sid().map(drop).ok_or(RequestError::NotLoggedIn)
    }

    /// Checks that an upload can be made at `now`, which requires the data ticket
    /// ([P8](crate::protocol#p8)).
    ///
    /// # Errors
    /// Returns a [`RequestError`] if nobody is logged in, webwxinit is due, the login is over, or
    /// the cookie `webwx_data_ticket` is missing.
    pub fn check_upload(&self, now: UnixMs) -> Result<(), RequestError> {
        self.data_ticket(now).map(|_| ())
    }

    /// Returns whether webwxinit is still due: the login page has opened this login, but its
    /// UserName is not known yet. Nothing can be sent until [`Restore`](crate::flow::Restore) has
    /// completed the login.
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

    /// Returns the user's own UserName, for requests.
    ///
    /// # Errors
    /// Returns [`RequestError::InitDue`] before webwxinit.
    pub(crate) fn own_name(&self) -> Result<&UserName, RequestError> {
        self.user_name().ok_or(RequestError::InitDue)
    }

    /// Returns a keyed hash that identifies the login without revealing anything about it, to be
    /// stored with saved jobs. `key` is random for each job. The sid alone has 96 random bits.
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

    /// Returns whether this is an unchanged clone of `other`, or the other way around.
    pub(crate) fn is_unchanged_since(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts)
    }

    pub(crate) fn data_ticket(&self, now: UnixMs) -> Result<&Secret, RequestError> {
        self.check_sender()?;
        self.check_alive(now)?;
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

/// Returns the ticket that an upload requires. Like the official page, it reads the cookies, first
/// those of the file host.
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

/// Returns the skey of a reply, unless it is empty or absurdly long ([P14](crate::protocol#p14)).
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
