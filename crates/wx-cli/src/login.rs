//! `wx login`.

use std::cell::RefCell;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use wx_proto::flow::LoginState;
use wx_proto::{Advice, Role, Session, Site, flow};

use crate::args::{Global, Login};
use crate::event;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Owned, Use};
use crate::transport::{Wire, seed};
use crate::{account, job, qr};

pub(crate) fn run(args: Login, global: Global) -> ExitCode {
    let path = session::place(args.session.as_deref());
    let report = Report::new(&global, vec![account::subject(&path)]);
    job::run(report, move |report| {
        report.begin(0..1, None);
        match work(&args, &path, &global, report) {
            Ok(()) => report.known(0),
            Err(problem) => {
                let _ = report.problem(0..1, &problem);
            }
        }
    })
}

fn work(args: &Login, path: &Path, global: &Global, report: &Report) -> Result<(), Problem> {
    let owned = Owned::take(path)?;
    let old = if args.push { session::load(path, Use::Any, report) } else { None };
    let site = match (&old, args.push) {
        (Some(old), _) => old.site().clone(),
        // What is wrong with the file was told.
        (None, true) => {
            return Err(Problem::local("there is no login to ask for", Advice::LoginAgain)
                .hint("log in without --push"));
        }
        (None, false) => site(args)?,
    };
    owned.check_replaceable(site.hosts().is_loopback())?;
    if site.hosts().is_loopback() {
        report.note_before_requests("a loopback login: all goes to this computer".to_owned());
    }
    if report.trace(global, &site, None).is_none() {
        return Ok(());
    }
    let wire = Wire::new(global.transport, &site)?;
    // What goes wrong with the code's file is told once, and ends nothing.
    let trouble = RefCell::new(None);
    let tell = |state: &LoginState| {
        if let Err(problem) = show(state, args, report) {
            trouble.borrow_mut().get_or_insert(problem);
        }
    };
    let session = match &old {
        Some(old) => wire.drive(flow::Login::push(old, seed()?, global.policy(), tell)?, report)?,
        None => wire.drive(flow::Login::new(site, seed()?, global.policy(), tell), report)?,
    };
    owned.save(&session)?;
    if let Some(problem) = trouble.into_inner() {
        report.warn(&problem.sentence());
    }
    report.tell(&line(&session, path), &event::account("logged_in", &session));
    Ok(())
}

fn site(args: &Login) -> Result<Site, Problem> {
    let profile = args.profile.into();
    let Some(base) = &args.base else { return Ok(Site::new(profile)) };
    let refused =
        |error| Problem::local(format!("--base: {error}"), Advice::Report).hint("give another --base");
    Site::at_allow_loopback(profile, base).map_err(refused)
}

fn line(session: &Session, path: &Path) -> String {
    let nick = session.nick_name().unwrap_or_default();
    let base = session.hosts().origin(Role::Base).host().to_owned();
    format!("logged in as {nick} at {base}; the session is in {}", path.display())
}

/// Shows what the user has to see. The code's address goes to programs alone; people get the drawing.
fn show(state: &LoginState, args: &Login, report: &Report) -> Result<(), Problem> {
    let (line, event) = match state {
        LoginState::Code { link } => {
            let code = qr::code(link.expose())?;
            report.aside(|| qr::draw(&code));
            report
                .tell_aside("scan this code with WeChat", &json!({ "event": "code", "link": link.expose() }));
            return args.qr.as_deref().map_or(Ok(()), |path| qr::save(&code, path));
        }
        LoginState::Asked => ("confirm the login on the phone", "asked"),
        LoginState::Scanned { .. } => ("scanned: confirm the login on the phone", "scanned"),
        LoginState::Confirmed => ("confirmed", "confirmed"),
        LoginState::Refused => ("refused on the phone", "refused"),
        LoginState::Expired => ("the code is too old", "expired"),
        _ => ("the server has trouble with this code", "trouble"),
    };
    report.tell_aside(line, &json!({ "event": event }));
    Ok(())
}
