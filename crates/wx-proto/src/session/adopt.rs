//! How a session takes in what the server gives it (P14, P55).

use std::sync::Arc;

use http::HeaderMap;

use super::{LONGEST_NAME, Parts, Session};
use crate::model::hosts::Origin;
use crate::model::message::Message;
use crate::model::secret::Secret;
use crate::model::site::Site;
use crate::session::cookies::CookieJar;
use crate::session::credentials::Credentials;
use crate::session::replies::{InitReply, SyncReply};

/// The cookies that outlive a login, for the question on the phone (§8.7).
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
    /// Creates a session in which nobody is logged in, to make the first calls of a login with.
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

    /// Creates the session of a new login. Its `user_name` is not known before webwxinit has been
    /// answered: see [`Session::awaits_init`].
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

    /// Takes in the answer to webwxinit. A position in the messages that is known already stays:
    /// what came meanwhile is behind it.
    pub fn apply_init(&mut self, initial: &InitReply) {
        let parts = self.change();
        parts.user_name = Some(initial.user_name.clone());
        parts.nick_name = Some(initial.nick_name.chars().take(LONGEST_NAME).collect());
        if let Some(skey) = &initial.skey {
            parts.skey = skey.clone();
        }
        if parts.sync.key.is_none() {
            Arc::make_mut(&mut parts.sync).key.clone_from(&initial.sync_key);
        }
    }

    /// Takes in the answer to webwxsync at `unix_s` (Unix seconds), and gives those of its messages
    /// that are new (P57).
    pub fn apply_sync(&mut self, batch: SyncReply, unix_s: u64) -> Vec<Message> {
        let SyncReply { mut messages, more, skey, sync_key, check_key, skipped: _ } = batch;
        let parts = self.change();
        if let Some(skey) = skey {
            parts.skey = skey;
        }
        let sync = Arc::make_mut(&mut parts.sync);
        if let Some(key) = sync_key {
            (sync.key, sync.check_key) = (Some(key), check_key);
        }
        (sync.due, sync.synced_at) = (more, Some(unix_s));
        messages.retain(|message| message.id.as_ref().is_none_or(|id| sync.is_new(id)));
        messages
    }

    /// Takes over what the file of an `earlier` login held besides the keys that this version knows,
    /// unless that was another account's. Keys that are there already stay as they are.
    pub fn keep_unknown_keys(&mut self, earlier: &Self) {
        let (known, found) = (&self.parts.rest, &earlier.parts.rest);
        if earlier.uin() != self.uin() || found.keys().all(|key| known.contains_key(key)) {
            return;
        }
        let mut rest = found.clone();
        rest.extend(known.clone());
        self.change().rest = rest;
    }

    /// Removes what belongs to a login that is over: sid, skey, pass_ticket, the place in its
    /// messages, and every cookie except those that [`Login::push`](crate::flow::Login::push)
    /// needs.
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

    /// Applies the cookies of a reply from `origin` that came at `unix_s` (Unix seconds).
    pub fn apply_cookies(&mut self, headers: &HeaderMap, origin: &Origin, unix_s: u64) {
        if headers.contains_key(http::header::SET_COOKIE) {
            self.change().cookies.apply(headers, origin, unix_s);
        }
    }
}
