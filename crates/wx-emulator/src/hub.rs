//! All that one server knows, shared by its connections.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::account::Account;
use crate::arrivals;
use crate::fault::{Action, Fault};
use crate::form::Form;
use crate::login::Logins;
use crate::mailbox::Mailbox;
use crate::options::Options;
use crate::picture::{Gallery, Picture};
use crate::query::Query;
use crate::random;
use crate::request::Request;
use crate::upload::Uploads;

/// The server's state. Each part has a lock of its own, held only for moments.
pub(crate) struct Hub {
    pub(crate) account: Account,
    pub(crate) base: String,
    pub(crate) options: Options,
    /// Something arrived, or the login ended.
    pub(crate) arrival: Notify,
    log: Mutex<Log>,
    gallery: Mutex<Gallery>,
    uploads: Mutex<Uploads>,
    mailbox: Mutex<Mailbox>,
    logins: Mutex<Logins>,
}

#[derive(Default)]
struct Log {
    requests: Vec<Request>,
    counts: HashMap<String, usize>,
    faults: Vec<Fault>,
    violations: Vec<String>,
}

impl Hub {
    pub(crate) fn new(base: String, options: Options) -> Self {
        let faults = options.faults.clone();
        let logins = Logins::new(options.scan.clone(), options.profile);
        Hub {
            account: Account::new(),
            base,
            options,
            arrival: Notify::new(),
            log: Mutex::new(Log { faults, ..Log::default() }),
            gallery: Mutex::new(Gallery::new()),
            uploads: Mutex::default(),
            mailbox: Mutex::default(),
            logins: Mutex::new(logins),
        }
    }

    /// A picture arrives for the client; gives its MsgId.
    pub(crate) fn arrive(&self, image: Bytes) -> String {
        let picture = self.gallery().keep(Picture::new(image));
        let msg_id = random::long_msg_id().to_string();
        let message = arrivals::picture(self, &msg_id, &picture);
        self.mailbox().add_incoming(&msg_id, message, Some(picture));
        self.arrival.notify_waiters();
        msg_id
    }

    /// Any message arrives for the client; gives its MsgId.
    pub(crate) fn arrive_message(&self, changes: &serde_json::Map<String, serde_json::Value>) -> String {
        let msg_id = random::long_msg_id().to_string();
        let mut message = arrivals::text(self, &msg_id);
        for (key, value) in changes {
            message[key] = value.clone();
        }
        let msg_id = message["MsgId"].as_str().map_or(msg_id, str::to_owned);
        self.mailbox().add_incoming(&msg_id, message, None);
        self.arrival.notify_waiters();
        msg_id
    }

    /// The UserNames of all contacts.
    pub(crate) fn user_names(&self) -> impl Iterator<Item = &str> {
        let more = self.options.contacts.iter().map(|contact| contact.user_name.as_str());
        self.account.contacts().into_iter().chain(more)
    }

    pub(crate) fn gallery(&self) -> MutexGuard<'_, Gallery> {
        lock(&self.gallery)
    }

    pub(crate) fn uploads(&self) -> MutexGuard<'_, Uploads> {
        lock(&self.uploads)
    }

    pub(crate) fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        lock(&self.mailbox)
    }

    pub(crate) fn logins(&self) -> MutexGuard<'_, Logins> {
        lock(&self.logins)
    }

    /// Logs a request whose head has come; gives its place in the log and the faults that hit it.
    pub(crate) fn arrived(&self, request: Request) -> (usize, Vec<Action>) {
        let mut log = lock(&self.log);
        let count = log.counts.entry(request.endpoint.clone()).or_default();
        *count += 1;
        let nth = *count;
        let hits = log.faults.iter().filter(|fault| fault.hits(&request.endpoint, nth));
        let actions = hits.map(|fault| fault.action.clone()).collect();
        log.requests.push(request);
        (log.requests.len() - 1, actions)
    }

    /// Completes a logged request.
    pub(crate) fn amend(&self, index: usize, change: impl FnOnce(&mut Request)) {
        if let Some(request) = lock(&self.log).requests.get_mut(index) {
            change(request);
        }
    }

    /// Records a violation once. The text must hold no secret.
    pub(crate) fn violation(&self, endpoint: &str, what: impl AsRef<str>) {
        let violation = format!("{endpoint}: {}", what.as_ref());
        let mut log = lock(&self.log);
        if !log.violations.contains(&violation) {
            log.violations.push(violation);
        }
    }

    pub(crate) fn add_fault(&self, fault: Fault) {
        lock(&self.log).faults.push(fault);
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.log).violations.clone()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.log).requests.clone()
    }

    pub(crate) fn requests_to(&self, endpoint: &str) -> usize {
        lock(&self.log).counts.get(endpoint).copied().unwrap_or_default()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request read whole.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) endpoint: String,
    pub(crate) query: Query,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) form: Option<Form>,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, whatever its Content-Type.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}
