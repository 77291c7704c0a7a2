//! The state that all connections of a server share.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

use super::account::Account;
use super::logins::Logins;
use super::media_store::MediaStore;
use super::message_store::MessageStore;
use super::options::Options;
use super::request_log::RequestLog;
use super::uploads::Uploads;

/// The state of a server. Each part has its own lock, which is held only briefly.
pub(crate) struct ServerState {
    pub(crate) account: Account,
    pub(crate) base: String,
    pub(crate) options: Options,
    /// Wakes long polls when a message has arrived or the login has ended.
    pub(crate) incoming_message: Notify,
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
        ServerState {
            account: Account::new(),
            base,
            options,
            incoming_message: Notify::new(),
            log: Mutex::new(log),
            media: Mutex::new(MediaStore::new()),
            uploads: Mutex::default(),
            messages: Mutex::default(),
            logins: Mutex::new(logins),
        }
    }

    /// Returns the time of the server's clock.
    pub(crate) fn now(&self) -> SystemTime {
        let (now, ahead) =
            (SystemTime::now(), Duration::from_secs(self.options.clock_ahead.unsigned_abs()));
        if self.options.clock_ahead < 0 { now - ahead } else { now + ahead }
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
