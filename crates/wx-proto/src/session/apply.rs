//! How replies are applied to a session ([P14](crate::protocol#p14), [P55](crate::protocol#p55)).

use std::sync::Arc;

use http::HeaderMap;

use super::{LONGEST_NAME, Parts, Session};
use crate::model::hosts::Origin;
use crate::model::message::Message;
use crate::model::secret::Secret;
use crate::model::site::Site;
use crate::model::unix_ms::UnixMs;
use crate::session::cookies::CookieJar;
use crate::session::credentials::Credentials;
use crate::session::replies::{InitReply, SyncReply};

/// Whether a cookie outlives the login, for a prompt on the phone ([§8.7](crate::protocol#s8-7)).
fn is_for_push(name: &str) -> bool {
    matches!(
        name,
        "webwxuvid"
            | "webwx_auth_ticket"
            | "wxuin"
            | "last_wxuin"
            | "login_frequency"
            | "mm_lang"
            | "wxloadtime"
            | "wxpluginkey"
    )
}

impl Session {
    /// Creates a session in which nobody is logged in, for the first calls of a login.
    #[must_use]
    pub fn new(site: Site) -> Self {
        let nobody = Credentials {
            uin: 0,
            sid: Secret::default(),
            skey: Secret::default(),
            pass_ticket: None,
        };
        Self::from_login(site, nobody, CookieJar::default())
    }

    /// Creates the session of a new login. Its `user_name` is unknown until webwxinit has replied:
    /// see [`Session::awaits_init`].
    #[must_use]
    pub fn from_login(site: Site, credentials: Credentials, cookies: CookieJar) -> Self {
        let Credentials { uin, sid, skey, pass_ticket } = credentials;
        Self::from_parts(Parts {
            site,
            uin,
            sid,
            skey,
            pass_ticket,
            device_id: None,
            user_name: None,
            nick_name: None,
            cookies,
            sync: Arc::default(),
            rest: serde_json::Map::new(),
        })
    }

    /// Applies a webwxinit reply. An existing sync position is kept, so that messages received in
    /// between are not skipped.
    pub fn apply_init(&mut self, initial: &InitReply) {
        let parts = self.change();
        parts.user_name = Some(initial.user_name.clone());
        parts.nick_name = Some(initial.nick_name.chars().take(LONGEST_NAME).collect());
        if let Some(skey) = &initial.skey {
            parts.skey.clone_from(skey);
        }
        if parts.sync.key.is_none() {
            Arc::make_mut(&mut parts.sync).key.clone_from(&initial.sync_key);
        }
    }

    /// Applies a webwxsync reply at `now`. Returns those of its messages that are new
    /// ([P57](crate::protocol#p57)).
    pub fn apply_sync(&mut self, batch: SyncReply, now: UnixMs) -> Vec<Message> {
        let SyncReply { mut messages, more, skey, sync_key, check_key, skipped: _ } = batch;
        self.apply_skey(skey);
        let sync = Arc::make_mut(&mut self.change().sync);
        if let Some(key) = sync_key {
            (sync.key, sync.check_key) = (Some(key), check_key);
        }
        (sync.due, sync.synced_at) = (more, Some(now.as_secs()));
        messages.retain(|message| message.id.as_ref().is_none_or(|id| sync.is_new(id)));
        messages
    }

    /// Applies the skey of a reply, if it has one.
    pub(crate) fn apply_skey(&mut self, skey: Option<Secret>) {
        if let Some(skey) = skey {
            self.change().skey = skey;
        }
    }

    /// Keeps the unknown keys of the session file of an `earlier` login, unless it belonged to
    /// another account. Keys that this session already has are not replaced.
    pub fn keep_unknown_keys(&mut self, earlier: &Self) {
        let (known, found) = (&self.parts.rest, &earlier.parts.rest);
        if earlier.uin() != self.uin() || found.keys().all(|key| known.contains_key(key)) {
            return;
        }
        let mut rest = found.clone();
        rest.extend(known.clone());
        self.change().rest = rest;
    }

    /// Removes everything that belongs to an ended login: sid, skey, pass_ticket, the sync state,
    /// and every cookie except those that [`Login::push`](crate::flow::Login::push) needs.
    pub fn clear_login(&mut self) {
        let parts = self.change();
        (parts.sid, parts.skey, parts.pass_ticket) = (Secret::default(), Secret::default(), None);
        parts.sync = Arc::default();
        let mut kept = CookieJar::default();
        for cookie in parts.cookies.cookies().iter().filter(|cookie| is_for_push(&cookie.name)) {
            kept.put(cookie.clone());
        }
        parts.cookies = kept;
        self.login_mark = self.parts.login_mark();
    }

    /// Applies the cookies of a reply from `origin`, received at `now`.
    pub fn apply_cookies(&mut self, headers: &HeaderMap, origin: &Origin, now: UnixMs) {
        if headers.contains_key(http::header::SET_COOKIE) {
            self.change().cookies.apply(headers, origin, now);
        }
    }
}
