//! `wx login`.

mod keeper;

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use wx_client::session_file::SessionFile;
use wx_proto::flow::LoginState;
use wx_proto::{Advice, Role, Session, Site, flow};

use self::keeper::Keeper;
use crate::args::{Global, Login};
use crate::event;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::transport::{Wire, seed};
use crate::{account, job, qr};

pub(crate) fn run(args: Login, global: Global) -> ExitCode {
    let path = args.session.place();
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
    let owned = SessionFile::open_or_create(path)?;
    let pushing = if args.push { session::load(path, Use::Any, report) } else { None };
    let site = match (&pushing, args.push) {
        (Some(old), _) => old.site().clone(),
        // What is wrong with the file was told.
        (None, true) => {
            return Err(Problem::local("there is no login to ask for", Advice::LoginAgain)
                .hint("log in without --push"));
        }
        (None, false) => site(args)?,
    };
    let loopback = site.hosts().is_loopback();
    let old = if args.force { None } else { session::check_replaceable(&owned, loopback)? };
    if loopback {
        report.note_before_requests("a loopback login: all goes to this computer".to_owned());
    }
    if report.trace(global, &site, None).is_none() {
        return Ok(());
    }
    let wire = Wire::new(global.transport, &site)?;
    let mut keeper = Keeper::new(&owned, old);
    let ended = log_in(pushing.as_ref(), site, args, global, &wire, report, &mut keeper);
    let session = keeper.finish(ended, &wire, global, report)?;
    report.tell(&line(&session, path), &event::account("logged_in", &session));
    Ok(())
}

fn log_in(
    pushing: Option<&Session>,
    site: Site,
    args: &Login,
    global: &Global,
    wire: &Wire,
    report: &Report,
    keeper: &mut Keeper<'_>,
) -> Result<Session, Problem> {
    let tell = |state: &LoginState| {
        if let LoginState::Opened { session } = state {
            keeper.opened(session);
        // What goes wrong with the code's file ends nothing: it is drawn as well.
        } else if let Err(problem) = show(state, args, report) {
            report.warn(&problem.sentence());
        }
    };
    match pushing {
        Some(old) => wire.drive(flow::Login::push(old, seed()?, global.policy(), tell)?, report),
        None => wire.drive(flow::Login::new(site, seed()?, global.policy(), tell), report),
    }
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
        LoginState::Opened { .. } => return Ok(()),
        _ => ("the server has trouble; a code follows", "trouble"),
    };
    report.tell_aside(line, &json!({ "event": event }));
    Ok(())
}
