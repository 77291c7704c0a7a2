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
use crate::session::new_messages::NewMessages;
use crate::session::outstanding::BatchReceipt;
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
    /// ([P57](crate::protocol#p57)) as a batch to [acknowledge](Self::acknowledge), or `None` if
    /// there are none.
    ///
    /// Messages without an id cannot be recognised as repeated. They count as repeated if the reply
    /// does not move the position.
    pub fn apply_sync(&mut self, batch: SyncReply, now: UnixMs) -> Option<NewMessages> {
        let SyncReply { mut messages, skipped, more, skey, sync_key, check_key, .. } = batch;
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
        let login_mark = self.login_mark;
        let sync = Arc::make_mut(&mut self.change().sync);
        let before = sync.key.clone();
        if let Some(key) = sync_key {
            (sync.key, sync.check_key) = (Some(key), check_key);
        }
        (sync.due, sync.synced_at) = (more, Some(now.as_secs()));
        let moved = sync.key != before;
        let known = sync.remembered();
        messages.retain(|message| match &message.id {
            Some(id) => sync.is_new(id),
            None => moved,
        });
        if messages.is_empty() && (skipped.is_empty() || !moved) {
            return None;
        }
        let receipt = sync.add_batch(login_mark, before, known);
        Some(NewMessages { messages: messages.into(), skipped, receipt })
    }

    /// Acknowledges a batch of messages, once it is handled. The [text](Session::to_json) of the
    /// session is positioned before the oldest batch that is not acknowledged, and contains the ids
    /// of the acknowledged messages after it. A program that is killed and restarted with the text
    /// that was saved last therefore receives every batch at least once, and none again that was
    /// acknowledged before the text was saved. Exceptions: messages without an id, and those before
    /// the last 500, are received again if an older batch was not acknowledged.
    ///
    /// Requests are made from the position after all batches, so each batch is returned once by a
    /// session, until it is [rewound](Session::rewind).
    ///
    /// Returns `false`, and changes nothing, if the batch is not outstanding: it was acknowledged
    /// already, or belongs to another login, or the session was rewound since.
    ///
    /// If 1000 batches are outstanding, the last one and all further ones are acknowledged
    /// together: until each of them is acknowledged, exactly once, all of them are received again
    /// after a restart.
    pub fn acknowledge(&mut self, receipt: BatchReceipt) -> bool {
        self.sync().has_outstanding() && Arc::make_mut(&mut self.change().sync).acknowledge(receipt)
    }

    /// Returns to the position before the oldest batch that is not
    /// [acknowledged](Session::acknowledge), as if the session had been saved and read. The
    /// outstanding batches are received again, and can no longer be acknowledged.
    pub fn rewind(&mut self) {
        if self.sync().has_outstanding() {
            Arc::make_mut(&mut self.change().sync).rewind();
        }
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
