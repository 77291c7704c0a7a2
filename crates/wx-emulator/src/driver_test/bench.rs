//! Runs a job with the driver under test against a scripted server.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::job::{Driver, Exchange, ExchangeEnd, Job, Operation};
use super::report::Finding;
use super::scripted_server::{Received, Script, ScriptedServer};
use crate::model::profile::Profile;
use crate::state::account::Account;
use crate::state::credentials::Credentials;

/// The time by which a driver may exceed a limit. A busy computer causes delays.
pub(super) const SLACK: Duration = Duration::from_millis(1200);

/// The outcome of a check.
pub(super) type Checked = Result<(), Finding>;

/// Runs the jobs of the checks.
pub(super) struct Bench<'a> {
    pub(super) driver: &'a dyn Driver,
    /// The name of the test function.
    pub(super) test: &'a str,
    account: Account,
    login: Credentials,
}

/// A job after the driver has returned, and the server that it used.
pub(super) struct JobRun {
    pub(super) job: Job,
    pub(super) server: ScriptedServer,
    pub(super) elapsed: Duration,
}

impl<'a> Bench<'a> {
    pub(super) fn new(driver: &'a dyn Driver, test: &'a str) -> Self {
        let account = Account::new();
        let login = Credentials::new(account.uin);
        Self { driver, test, account, login }
    }

    /// Runs an operation against a server that follows `script`.
    pub(super) fn run(
        &self,
        operation: Operation,
        script: Script,
        set: impl FnOnce(&mut Job),
    ) -> Result<JobRun, Finding> {
        let server = ScriptedServer::start(script).map_err(no_server)?;
        let base = format!("http://{}", server.addr());
        let reach = |_: &str| ("127.0.0.1".to_owned(), true);
        let name = &self.account.user_name;
        let session = self.login.session_json(name, &base, reach, Profile::Web);
        // Without a sync position, a flow that waits for messages would start with webwxinit.
        let position = r#""sync_key": {"Count": 1, "List": [{"Key": 1, "Val": 1}]}"#;
        let session = session.replace(r#""sync_key": null"#, position);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut job = Job::new(operation, session, now.as_millis() as u64);
        set(&mut job);
        let began = Instant::now();
        catch_unwind(AssertUnwindSafe(|| self.driver.run(&mut job))).map_err(|panic| {
            let expected = "the driver returns the result of the flow";
            Finding::new(expected, format!("the driver panicked: {}", message(&*panic)))
        })?;
        Ok(JobRun { job, server, elapsed: began.elapsed() })
    }

    /// Returns whether these bytes contain a secret of the login.
    pub(super) fn has_secret(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        self.login.secrets(false).any(|secret| text.contains(secret))
    }

    /// Runs a check for each of `cases` in parallel. Returns the first finding with the name of its
    /// case.
    pub(super) fn each_at_once<T: Sync>(
        &self,
        cases: &[(&str, T)],
        check: impl Fn(&T) -> Checked + Sync,
    ) -> Checked {
        let check = |(name, case): &(&str, T)| check(case).map_err(|found| found.with_case(name));
        self.at_once(cases, check).into_iter().collect()
    }

    /// Runs `work` for each of `cases` in parallel.
    pub(super) fn at_once<C: Sync, T: Send>(
        &self,
        cases: &[C],
        work: impl Fn(&C) -> T + Sync,
    ) -> Vec<T> {
        thread::scope(|scope| {
            let work = &work;
            let running: Vec<_> =
                cases.iter().map(|case| scope.spawn(move || work(case))).collect();
            // The panics of drivers are caught in `run`.
            let join = |case: ScopedJoinHandle<'_, T>| {
                case.join().unwrap_or_else(|panic| resume_unwind(panic))
            };
            running.into_iter().map(join).collect()
        })
    }
}

impl JobRun {
    /// Returns the first request that was handed out, and the answer of the driver.
    pub(super) fn first(&self) -> Result<&Exchange, Finding> {
        self.job.record.exchanges.first().ok_or_else(|| {
            Finding::new("the flow is polled until it is done", "the driver never sent a request")
        })
    }

    /// Returns how the first exchange ended, and when.
    pub(super) fn first_end(&self) -> Result<(ExchangeEnd, Duration), Finding> {
        self.end(0)
    }

    /// Returns how an exchange ended, and when.
    pub(super) fn end(&self, at: usize) -> Result<(ExchangeEnd, Duration), Finding> {
        self.job.record.exchanges.get(at).and_then(|exchange| exchange.end).ok_or_else(|| {
            let expected = "each request is sent, and its reply is received up to its end";
            Finding::new(expected, format!("request {} was not, and nothing has failed", at + 1))
        })
    }

    /// Returns how many messages the server has received.
    pub(super) fn messages(&self) -> usize {
        let log = self.server.log();
        log.requests.iter().filter(|request| request.is_to("webwxsendmsgimg")).count()
    }

    /// Checks that each request was sent once.
    pub(super) fn check_count(&self) -> Checked {
        let (sent, received) = (self.job.record.exchanges.len(), self.server.log().requests.len());
        if received <= sent {
            return Ok(());
        }
        Err(Finding::new(
            format!("each request is sent once: {}", count(sent, "request")),
            format!("the server received {}", count(received, "request")),
        ))
    }

    /// Checks that the driver passed on the head of the first reply with this status.
    pub(super) fn check_status(&self, status: u16) -> Checked {
        let exchange = self.first()?;
        let seen = match (&exchange.head, exchange.end) {
            (Some((seen, _)), _) if seen.as_u16() == status => return Ok(()),
            (Some((seen, _)), _) => format!("a head with status {}", seen.as_u16()),
            (None, Some((answer, _))) => answer.to_string(),
            (None, None) => "no answer".to_owned(),
        };
        Err(Finding::new(format!("a head with status {status}"), seen))
    }
}

/// Checks that a request arrived unchanged.
pub(super) fn check_unchanged(sent: &Exchange, received: &Received) -> Checked {
    let expected = "the request of the flow, with no other headers than Host and Connection";
    let differs = |what: String| Err(Finding::new(expected, what));
    let target = sent.uri.path_and_query().map_or("/", |target| target.as_str());
    if !received.request_line.starts_with(&format!("{} {target} HTTP/1.", sent.method)) {
        return differs("another method, path or query".to_owned());
    }
    let authority = sent.uri.authority().map_or("", |authority| authority.as_str());
    if !received.values("host").eq([authority.as_bytes()]) {
        return differs("not one Host header with the authority of the URL".to_owned());
    }
    for name in sent.headers.keys() {
        let values = sent.headers.get_all(name).iter().map(http::HeaderValue::as_bytes);
        if !received.values(name.as_str()).eq(values) {
            let times = count(received.values(name.as_str()).count(), "header");
            return differs(format!("{times} {name}, not with the values of the flow's request"));
        }
    }
    let is_extra =
        |name: &str| !sent.headers.contains_key(name) && !["host", "connection"].contains(&name);
    if let Some((name, _)) = received.headers.iter().find(|(name, _)| is_extra(name)) {
        return differs(format!("a header {name} that the flow's request does not have"));
    }
    if received.body != sent.body {
        let (received, sent) = (received.body.len(), sent.body.len());
        return differs(format!("another body: {received} bytes instead of {sent}, or other ones"));
    }
    Ok(())
}

/// Formats a number and a noun.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Returns the finding when a check could not be run.
pub(super) fn no_server(error: io::Error) -> Finding {
    Finding::new(
        "a server on the loopback address",
        format!("the server could not be started: {error}"),
    )
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}
