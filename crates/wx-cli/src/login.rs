//! `wx login`.

mod keeper;

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use wx_client::ToldStates;
use wx_client::session_cell::SessionCell;
use wx_client::session_file::SessionFile;
use wx_proto::flow::LoginState;
use wx_proto::{Advice, HostRole, Session, Site, flow};

use self::keeper::Keeper;
use crate::args::{Global, Login, Page};
use crate::event;
use crate::problem::Problem;
use crate::qr::QrFile;
use crate::report::Report;
use crate::session::{self, Use};
use crate::transport::{Wire, seed};
use crate::{account, job, out, qr, withhold};

pub(crate) fn run(args: Login, global: Global) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![account::subject(&path)]);
    job::run(report, move |report| {
        report.begin(0..1, None);
        match work(&args, &path, &global, report) {
            Ok(()) => report.known(0),
            Err(problem) => {
                // It is the place that the advice names.
                let barred = problem.ret == Some(1203) && args.profile == Page::Filehelper;
                let problem =
                    if barred { problem.hint("log in with another account") } else { problem };
                let _ = report.problem(0..1, &problem);
            }
        }
    })
}

fn work(args: &Login, path: &Path, global: &Global, report: &Report) -> Result<(), Problem> {
    let mut qr_file = match args.qr.as_deref().map(|path| (path, QrFile::new(path, args.force))) {
        Some((path, Err(problem))) => {
            report.refuse(path, &problem);
            return Ok(());
        }
        Some((_, Ok(file))) => Some(file),
        None => None,
    };
    let owned = SessionFile::open_or_create(path)?;
    let pushing = if args.push { session::load(path, Use::Any, report) } else { None };
    pushing.iter().for_each(withhold::session);
    let site = match (&pushing, args.push) {
        (Some(old), _) => old.site().clone(),
        // What is wrong with the file was told.
        (None, true) => {
            return Err(Problem::local("there is no login to ask for", Advice::LoginAgain)
                .hint("log in without --push"));
        }
        (None, false) => args.site().map_err(|error| {
            Problem::local(format!("--base: {}", out::words(&error)), Advice::Report)
        })?,
    };
    let loopback = site.hosts().is_loopback();
    let old = if args.force { None } else { session::check_replaceable(&owned, loopback)? };
    if loopback {
        report.note_before_requests("a loopback login: all goes to this computer".to_owned());
    }
    if report.trace(global, &site, None).is_none() {
        return Ok(());
    }
    let wire = Wire::new(global.transport(), &site)?;
    let mut keeper = Keeper::new(&owned, old, report);
    let ended =
        log_in(pushing.as_ref(), site, qr_file.as_mut(), global, &wire, report, &mut keeper);
    let session = keeper.finish(ended, &wire, global)?;
    withhold::session(&session);
    report.tell(&line(&session, path), &event::account("logged_in", &session));
    Ok(())
}

fn log_in(
    pushing: Option<&Session>,
    site: Site,
    mut qr_file: Option<&mut QrFile<'_>>,
    global: &Global,
    wire: &Wire,
    report: &Report,
    keeper: &mut Keeper<'_>,
) -> Result<Session, Problem> {
    let tell = |state: &LoginState| {
        if let LoginState::Opened { session } = state {
            withhold::session(session);
            keeper.opened(session);
        // What goes wrong with the code's file ends nothing: it is drawn as well.
        } else if let Err(problem) = show(state, qr_file.as_deref_mut(), report) {
            report.warn(&problem.sentence());
        }
    };
    let session = SessionCell::new(Session::new(site.clone()));
    let login = match pushing {
        Some(old) => flow::Login::push(old, seed()?, global.policy())?,
        None => flow::Login::new(site, seed()?, global.policy()),
    };
    wire.drive(&session, login, None, &mut ToldStates::new(tell), report)?;
    Ok(session.get())
}

fn line(session: &Session, path: &Path) -> String {
    let nick = session.nick_name().unwrap_or_default();
    let base = session.hosts().origin(HostRole::Base).host().to_owned();
    format!("logged in as {nick} at {base}; the session is in {}", path.display())
}

/// Shows what the user has to see. The code's address goes to programs alone; people get the
/// drawing.
fn show(
    state: &LoginState,
    qr_file: Option<&mut QrFile<'_>>,
    report: &Report,
) -> Result<(), Problem> {
    let (line, event) = match state {
        LoginState::Code { link } => {
            let code = qr::code(link.expose())?;
            report.aside(|| qr::draw(&code));
            report.tell_aside(
                "scan this code with WeChat",
                &json!({ "event": "code", "link": link.expose() }),
            );
            return qr_file.map_or(Ok(()), |file| file.save(&code));
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
