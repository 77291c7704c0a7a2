//! Applies replies to a session ([P14](crate::protocol#p14), [P55](crate::protocol#p55)).

use std::sync::Arc;

use http::HeaderMap;

use super::{LONGEST_NAME, Parts, Session};
use crate::model::hosts::Origin;
use crate::model::ids::{MsgId, UserName};
use crate::model::message::Message;
use crate::model::message::kind::MessageKind;
use crate::model::secret::Secret;
use crate::model::site::Site;
use crate::model::unix_ms::UnixMs;
use crate::session::cookies::CookieJar;
use crate::session::credentials::Credentials;
use crate::session::replies::{InitReply, SyncReply};

/// Returns whether a cookie is kept after the login, for a prompt on the phone
/// ([§8.7](crate::protocol#s8-7)).
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
    /// Creates a session without a login, for the first calls of a login.
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
            rooms: Arc::default(),
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
        Arc::make_mut(&mut parts.rooms).initialized = true;
        self.add_rooms(&initial.rooms);
    }

    /// Remembers rooms. The clones of the session keep sharing them if there is no new one.
    fn add_rooms<'a>(&mut self, names: impl IntoIterator<Item = &'a UserName>) {
        for name in names {
            if !self.parts.rooms.contains(name) {
                Arc::make_mut(&mut self.change().rooms).add(name);
            }
        }
    }

    /// Applies a webwxsync reply that was received at `now`. Returns its new messages
    /// ([P57](crate::protocol#p57)).
    pub fn apply_sync(&mut self, batch: SyncReply, now: UnixMs) -> Vec<Message> {
        let SyncReply { mut messages, more, skey, sync_key, check_key, .. } = batch;
        self.apply_skey(skey);
        self.add_rooms(messages.iter().filter_map(Message::room));
        for message in &messages {
            if let MessageKind::StatusNotice(notice) = &message.kind {
                for room in notice.user_names().filter(UserName::is_room) {
                    self.add_rooms([&room]);
                }
            }
        }
        self.add_rooms(&batch.rooms);
        for name in &batch.removed_rooms {
            if self.parts.rooms.contains(name) {
                Arc::make_mut(&mut self.change().rooms).remove(name);
            }
        }
        let sync = Arc::make_mut(&mut self.change().sync);
        if let Some(key) = sync_key {
            (sync.key, sync.check_key) = (Some(key), check_key);
        }
        (sync.due, sync.synced_at) = (more, Some(now.as_secs()));
        messages.retain(|message| message.id.as_ref().is_none_or(|id| sync.is_new(id)));
        messages
    }

    /// Remembers a message that this session has sent, so that the server's copy of it is dropped
    /// ([P97](crate::protocol#p97)).
    pub(crate) fn remember_sent(&mut self, id: &MsgId) {
        if !self.sync().has(id) {
            Arc::make_mut(&mut self.change().sync).is_new(id);
        }
    }

    /// Applies the skey of a reply, if it has one.
    pub(crate) fn apply_skey(&mut self, skey: Option<Secret>) {
        if let Some(skey) = skey {
            self.change().skey = skey;
        }
    }

    /// Copies the unknown session file keys of an `earlier` login, unless it belonged to another
    /// account. Keys that this session already has are not replaced.
    pub fn keep_unknown_keys(&mut self, earlier: &Self) {
        let (known, found) = (&self.parts.rest, &earlier.parts.rest);
        if earlier.uin() != self.uin() || found.keys().all(|key| known.contains_key(key)) {
            return;
        }
        let mut rest = found.clone();
        rest.extend(known.clone());
        self.change().rest = rest;
    }

    /// Removes everything that belongs to the login: sid, skey, pass_ticket, the sync state, and
    /// all cookies except those that [`Login::push`](crate::flow::Login::push) requires.
    pub fn clear_login(&mut self) {
        let parts = self.change();
        (parts.sid, parts.skey, parts.pass_ticket) = (Secret::default(), Secret::default(), None);
        (parts.sync, parts.rooms) = (Arc::default(), Arc::default());
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
