//! The state that all connections of a server share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use super::account::Account;
use super::avatar_store::AvatarStore;
use super::credentials::Credentials;
use super::logins::Logins;
use super::media_store::MediaStore;
use super::message_store::{Message, MessageStore};
use super::options::Options;
use super::request_log::RequestLog;
use super::uploads::Uploads;
use crate::model::user_names::UserNames;

/// The state of a server. Each part has its own lock, which is held only briefly.
pub(crate) struct ServerState {
    pub(crate) account: Account,
    credentials: Mutex<Arc<Credentials>>,
    pub(crate) base: String,
    pub(crate) options: Options,
    /// Wakes long polls when a message has arrived or the login has ended.
    pub(crate) incoming_message: Notify,
    avatars: Mutex<AvatarStore>,
    log: Mutex<RequestLog>,
    media: Mutex<MediaStore>,
    uploads: Mutex<Uploads>,
    messages: Mutex<MessageStore>,
    logins: Mutex<Logins>,
}

impl ServerState {
    pub(crate) fn new(base: String, options: Options) -> Self {
        let log = RequestLog::new(options.faults.clone());
        let logins =
            Logins::new(options.phone_steps.clone(), options.profile, options.login_lifetime);
        let account = Account::new();
        ServerState {
            credentials: Mutex::new(Arc::new(Credentials::new(account.uin))),
            account,
            base,
            options,
            incoming_message: Notify::new(),
            avatars: Mutex::default(),
            log: Mutex::new(log),
            media: Mutex::new(MediaStore::new()),
            uploads: Mutex::default(),
            messages: Mutex::default(),
            logins: Mutex::new(logins),
        }
    }

    /// Returns the credentials of the current login.
    pub(crate) fn credentials(&self) -> Arc<Credentials> {
        Arc::clone(&lock(&self.credentials))
    }

    /// Replaces the login with a new one, which has other credentials and other UserNames, and in
    /// which the uploads of the old one do not exist.
    pub(crate) fn renew_credentials(&self) -> Arc<Credentials> {
        let rooms = self.options.rooms.iter();
        let in_rooms = rooms.flat_map(|room| room.members.iter().chain([&room.encry_chat_room_id]));
        let own = self.account.user_name.as_str();
        let others = in_rooms.map(String::as_str).chain([own]);
        let names = UserNames::renamed(self.user_names().chain(others));
        let renewed = {
            let mut credentials = lock(&self.credentials);
            *credentials = Arc::new(credentials.next(names));
            Arc::clone(&credentials)
        };
        self.media().forget_uploads();
        self.uploads().forget_all();
        renewed
    }

    /// Returns the time of the server's clock.
    pub(crate) fn now(&self) -> SystemTime {
        let (now, ahead) =
            (SystemTime::now(), Duration::from_secs(self.options.clock_ahead.unsigned_abs()));
        if self.options.clock_ahead < 0 { now - ahead } else { now + ahead }
    }

    pub(crate) fn avatars(&self) -> MutexGuard<'_, AvatarStore> {
        lock(&self.avatars)
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, RequestLog> {
        lock(&self.log)
    }

    pub(crate) fn media(&self) -> MutexGuard<'_, MediaStore> {
        lock(&self.media)
    }

    pub(crate) fn uploads(&self) -> MutexGuard<'_, Uploads> {
        lock(&self.uploads)
    }

    pub(crate) fn messages(&self) -> MutexGuard<'_, MessageStore> {
        lock(&self.messages)
    }

    pub(crate) fn logins(&self) -> MutexGuard<'_, Logins> {
        lock(&self.logins)
    }

    /// Reports a message that was sent or revoked. No lock may be held.
    pub(crate) fn report_message(&self, message: &Message) {
        if let Some(observer) = &self.options.on_message {
            observer(message);
        }
    }

    /// Records a violation, which must not contain a secret.
    pub(crate) fn record_violation(&self, violation: String) {
        // No lock is held while the observer runs.
        if let Some(observer) = &self.options.on_violation {
            observer(&violation);
        }
        self.log().add_violation(violation);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
