//! `wx login`.

mod keeper;

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use wx_client::session_file::SessionFile;
// `show` takes a `LoginState`.
use wx_proto::flow::LoginState;
use wx_proto::{Advice, HostRole, Session};

use self::keeper::Keeper;
use crate::args::{Global, Login, Page};
use crate::client::{self, Client};
use crate::event::{self, Subject};
use crate::problem::Problem;
use crate::qr::QrFile;
use crate::report::Report;
use crate::session::{self, Use};
use crate::{out, qr, withhold, worker};

pub(crate) fn run(args: Login, global: Global) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![Subject::login(&path)]);
    worker::run(report, move |report| {
        report.begin(0..1, None);
        // For an account that cannot use web WeChat, the core advises the File Transfer Helper.
        let is_there_already =
            |problem: &Problem| problem.ret == Some(1203) && args.profile == Page::Filehelper;
        report.end(log_in(&args, &path, &global, report).map_err(|problem| {
            if is_there_already(&problem) {
                problem.hint("log in with another account")
            } else {
                problem
            }
        }));
    })
}

fn log_in(args: &Login, path: &Path, global: &Global, report: &Report) -> Result<(), Problem> {
    let mut qr_file = match args.qr.as_deref().map(|path| (path, QrFile::new(path, args.force))) {
        Some((path, Err(problem))) => {
            report.refuse(path, &problem);
            return Ok(());
        }
        Some((_, Ok(file))) => Some(file),
        None => None,
    };
    let file = SessionFile::open_or_create(path)?;
    let login = if args.push {
        // `load` has reported what is wrong with the file.
        let Some(session) = session::load(path, Use::Any, report) else {
            return Err(Problem::local("there is no login to ask for", Advice::LoginAgain)
                .hint("log in without --push"));
        };
        withhold::session(&session);
        client::Login::Push(Box::new(session))
    } else {
        client::Login::QrCode(args.site().map_err(|error| {
            Problem::local(format!("--base: {}", out::error_chain(&error)), Advice::Report)
        })?)
    };
    let site = login.site();
    let old = if args.force { None } else { session::check_replaceable_by(site, &file)? };
    if site.hosts().is_loopback() {
        report.note_before_requests("a loopback login: requests stay on this computer".to_owned());
    }
    if report.trace(global, site, None).is_none() {
        return Ok(());
    }
    let mut keeper = Keeper::new(&file, old, report);
    let show = |state: &LoginState| {
        if let LoginState::Opened { session } = state {
            withhold::session(session);
            keeper.opened(session);
        // A problem with the file of the QR code does not end the login, because the code is also
        // drawn on the terminal.
        } else if let Err(problem) = show(state, qr_file.as_mut(), report) {
            report.warn(&problem.sentence());
        }
    };
    let (transport, policy) = (global.transport(), global.policy());
    let ended = Client::login(transport, login, policy, report.options(), show);
    let session = keeper.finish(ended.map(|client| client.session()), global)?;
    report.receipt(&line(&session, path), &event::account("logged_in", &session));
    Ok(())
}

fn line(session: &Session, path: &Path) -> String {
    let nick = session.nick_name().unwrap_or_default();
    let base = session.hosts().origin(HostRole::Base).host().to_owned();
    format!("logged in as {nick} at {base}; the session is in {}", path.display())
}

/// Shows a state of the login. The link of a QR code is printed only in JSON; people see the
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
        LoginState::Expired => ("the code has expired", "expired"),
        LoginState::Opened { .. } => return Ok(()),
        _ => ("the server has a problem; a QR code follows", "trouble"),
    };
    report.tell_aside(line, &json!({ "event": event }));
    Ok(())
}
