//! `wx doctor`.

use std::path::Path;
use std::process::ExitCode;

use wx_client::health::{HealthItem, HealthStatus, ProxyHealth};
use wx_client::session_file::{SessionFile, SessionFileError, SessionFileErrorKind};
use wx_client::transport_info::TlsLibrary;
use wx_client::{Health, RunOptions};
use wx_proto::{Advice, Error, ErrorKind, Policy, Session, Site, Step};

use crate::args::{Doctor, Global, Transport};
use crate::client::runtime;
use crate::event::{self, Subject};
use crate::problem::{Class, Problem};
use crate::report::Report;
use crate::{out, rate_limit, session, withhold, worker};

pub(crate) fn run(args: &Doctor, global: Global) -> ExitCode {
    // Nothing is created, not even the directory.
    let (path, site) = (args.session.path(), Site::new(args.profile.into()));
    let report = Report::new(&global, vec![Subject::login(&path)]);
    worker::run(report, move |report| report.end(examine(&path, site, &global, report)))
}

fn examine(path: &Path, site: Site, global: &Global, report: &Report) -> Result<(), Problem> {
    let read = SessionFile::read_allow_loopback(path);
    let is_unusable = read.as_ref().is_err_and(|error| !is_missing(error));
    let file = file_item(path, read.as_ref());
    let session = read.unwrap_or_else(|_| Session::new(site));
    if report.trace(global, session.site(), session.uin()).is_none() {
        return Ok(());
    }
    report.begin(0..1, None);
    let options = report.options();
    let health = check(global.transport(), session, global.policy(), options)?;
    if report.stopped() {
        return Err(Error::new(Step::Prepare, ErrorKind::Cancelled).into());
    }
    begin(&health, report);
    let items = health.items().map(|item| match item.check {
        "login" | "acceptance" if is_unusable => {
            let why = "not known, because the session file cannot be used";
            HealthItem::new(item.check, HealthStatus::Skipped, why)
        }
        _ if item.status == HealthStatus::Failed && item.advice == Some(Advice::LoginAgain) => {
            item.advise_in_words(Advice::LoginAgain, "run `wx login`")
        }
        _ => item,
    });
    let is_usage = matches!(health.proxy, ProxyHealth::Unusable(_));
    for item in [file, lock_item(path), rate_limit_item(path)].into_iter().chain(items) {
        let class = match (item.status, item.advice) {
            (HealthStatus::Failed, _) if is_usage && item.check == "proxy" => Some(Class::Usage),
            (HealthStatus::Failed, Some(Advice::LoginAgain)) => Some(Class::Login),
            (HealthStatus::Failed, _) => Some(Class::Failed),
            _ => None,
        };
        report.finding(&item.to_string(), &event::check(&item), class);
    }
    Ok(())
}

/// Checks the network and the login.
fn check(
    transport: Transport,
    session: Session,
    policy: Policy,
    options: RunOptions<'_>,
) -> Result<Health, Problem> {
    withhold::session(&session);
    Ok(match transport {
        Transport::Ureq => {
            let builder = wx_ureq::Client::builder(session).policy(policy);
            builder.health().options(options).run()
        }
        Transport::Reqwest => {
            let builder = wx_reqwest::Client::builder(session).policy(policy);
            let runtime = runtime()?;
            let health = runtime.block_on(builder.health().options(options).into_future());
            // A name that is still being resolved is not waited for.
            runtime.shutdown_background();
            health
        }
    })
}

/// Prints the versions.
fn begin(health: &Health, report: &Report) {
    let (http, tls) = (health.http, health.tls.map(TlsLibrary::name));
    let line = format!(
        "wx {}, {} {}, {} with {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH,
        http.unwrap_or("an unknown HTTP client"),
        tls.unwrap_or("an unknown TLS library")
    );
    report.tell(&line, &event::doctor(http, tls));
}

fn is_missing(error: &SessionFileError) -> bool {
    matches!(error.kind(), SessionFileErrorKind::NotFound | SessionFileErrorKind::NoLogin)
}

fn no_file(check: &'static str) -> HealthItem {
    HealthItem::new(check, HealthStatus::Skipped, "there is no session file, or it is empty")
}

/// Reports on the session file. The path is not shown, because it often contains names.
fn file_item(path: &Path, read: Result<&Session, &SessionFileError>) -> HealthItem {
    let item = |status, message: &str| HealthItem::new("file", status, message);
    match read {
        Err(error) if is_missing(error) => no_file("file"),
        Err(error) => {
            let next = match session::is_of_another_client(path) {
                true => session::IMPORT_HINT,
                false => "check the session file and its directory",
            };
            item(HealthStatus::Failed, &out::error_chain(error.kind()))
                .advise_in_words(Advice::CheckFile, next)
        }
        Ok(_) if SessionFile::is_exposed(path) => {
            item(HealthStatus::Warning, "other users can read the session file and use the login")
                .advise_in_words(
                    Advice::CheckFile,
                    "make it readable only by you (chmod 600), or log out",
                )
        }
        Ok(_) => item(HealthStatus::Ok, "only you can read the session file"),
    }
}

/// Reports which process has locked the session file.
fn lock_item(path: &Path) -> HealthItem {
    let item = |status, message: &str| HealthItem::new("lock", status, message);
    let Err(error) = SessionFile::check_free(path) else {
        return item(HealthStatus::Ok, "no process has locked the session file");
    };
    let why = out::error_chain(error.kind());
    match error.kind() {
        _ if is_missing(&error) => no_file("lock"),
        SessionFileErrorKind::Busy(_) => item(HealthStatus::Warning, &why).advise_in_words(
            Advice::RetryLater,
            "until it has ended, watch, login, import and logout are refused",
        ),
        _ => item(HealthStatus::Failed, &format!("the session file cannot be locked: {why}"))
            .advise_in_words(Advice::CheckFile, "check the session file and its directory"),
    }
}

/// Reports when the server last said "too frequent".
fn rate_limit_item(path: &Path) -> HealthItem {
    let item = |status, message: &str| HealthItem::new("rate_limit", status, message);
    match rate_limit::ago(path) {
        None => item(HealthStatus::Ok, "no \"too frequent\" (Ret 1205) within a day"),
        Some(ago) => item(HealthStatus::Warning, &rate_limit::sentence(&ago)).advise(Advice::Wait),
    }
}
