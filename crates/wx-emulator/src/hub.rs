//! All that one server knows, shared by its connections.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::account::Account;
use crate::fault::{Action, Fault};
use crate::form::Form;
use crate::hosts::Host;
use crate::login::Logins;
use crate::mailbox::Mailbox;
use crate::options::Options;
use crate::picture::Gallery;
use crate::query::Query;
use crate::request::Request;
use crate::upload::Uploads;
use crate::violations;

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
    /// Each with the number of times it occurred.
    violations: Vec<(String, usize)>,
}

impl Hub {
    /// The time by the server's clock.
    pub(crate) fn now(&self) -> SystemTime {
        let (now, ahead) =
            (SystemTime::now(), Duration::from_secs(self.options.clock_ahead.unsigned_abs()));
        if self.options.clock_ahead < 0 { now - ahead } else { now + ahead }
    }

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

    /// Records a violation. The text must hold no secret.
    pub(crate) fn violation(&self, endpoint: &str, what: impl AsRef<str>) {
        let violation = format!("{}: {}", violations::shown_call(endpoint), what.as_ref());
        if let Some(observer) = &self.options.on_violation {
            observer(&violation);
        }
        let mut log = lock(&self.log);
        match log.violations.iter_mut().find(|(what, _)| *what == violation) {
            Some((_, count)) => *count += 1,
            None => log.violations.push((violation, 1)),
        }
    }

    pub(crate) fn add_fault(&self, fault: Fault) {
        lock(&self.log).faults.push(fault);
    }

    pub(crate) fn violations(&self) -> Vec<(String, usize)> {
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
    /// Whether the path is one of web WeChat's calls.
    pub(crate) is_api: bool,
    pub(crate) query: Query,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) form: Option<Form>,
}

impl Call {
    pub(crate) fn host(&self) -> Host {
        Host::read(self.header("host"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON, whatever its Content-Type.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}
