//! `wx import`.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use wx_client::session_file::SessionFile;
use wx_proto::{Advice, OtherClient, SavedLogin, SavedLoginError, Session, Site};

use crate::args::{Global, Import};
use crate::client::Client;
use crate::event::{self, Subject};
use crate::files::{self, is_dash};
use crate::problem::{Class, Problem};
use crate::report::Report;
use crate::session;
use crate::{out, withhold, worker};

pub(crate) fn run(args: Import, global: Global) -> ExitCode {
    let path = args.session.place();
    let source = if is_dash(&args.file) { "standard input".into() } else { args.file.clone() };
    withhold::allow_in_path(&path.to_string_lossy());
    let report = Report::new(&global, vec![Subject::login(&source)]);
    worker::run(report, move |report| {
        report.begin(0..1, None);
        let saved = read(&args.file, &path);
        report.end(saved.and_then(|saved| import(saved, &args, &path, &global, report)));
    })
}

/// Reads the file, which is only opened for reading.
fn read(file: &Path, session: &Path) -> Result<SavedLogin, Problem> {
    let limit = SavedLogin::MAX_LEN as u64;
    let bytes = if is_dash(file) {
        files::read_all(io::stdin().lock(), limit)?
    } else {
        let meta = fs::metadata(file)?;
        if !meta.is_file() {
            let what = if meta.is_dir() { "is a directory" } else { "is not a regular file" };
            return Err(Problem::local(what, Advice::CheckFile));
        }
        if is_same(file, session) {
            let what =
                "is also the session file, but the file of the other client is never changed";
            return Err(Problem::local(what, Advice::CheckFile).hint("choose another --session"));
        }
        files::read(file, limit)?
    };
    Ok(SavedLogin::read_allow_loopback(bytes)?)
}

/// Returns whether both paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn import(
    saved: SavedLogin,
    args: &Import,
    path: &Path,
    global: &Global,
    report: &Report,
) -> Result<(), Problem> {
    let (client, session) = (saved.client(), saved.into_session());
    withhold::session(&session);
    let at_session = |problem: Problem| problem.about(path.display());
    let (file, old) = open(path, session.site(), args.force).map_err(at_session)?;
    let loopback = session.hosts().is_loopback();
    if let Some(profile) = session::of_another_account(old.as_ref(), &session) {
        let what = format!("holds the login of another account ({profile})");
        let problem = Problem::local(what, Advice::CheckFile);
        return Err(at_session(problem.hint("choose another --session; --force replaces it")));
    }
    report.note_before_requests(note(client, loopback));
    if report.trace(global, session.site(), session.uin()).is_none() {
        return Ok(());
    }
    let connection = Client::new(global.transport(), session, global.policy())?;
    // If the login is over, nothing is saved.
    connection.restore(report.options())?;
    let session = connection.session();
    file.save(&session).map_err(|error| at_session(error.into()))?;
    let event = event::imported(client, &session);
    report.receipt(&line(client, &session, path), &event);
    Ok(())
}

/// Opens the session file. Returns the login that it holds, unless that may be replaced.
fn open(
    path: &Path,
    site: &Site,
    is_forced: bool,
) -> Result<(SessionFile, Option<Session>), Problem> {
    let file = SessionFile::open_or_create(path)?;
    let old = if is_forced { None } else { session::check_replaceable_by(site, &file)? };
    Ok((file, old))
}

fn note(client: OtherClient, loopback: bool) -> String {
    let local = if loopback { "a loopback login: requests stay on this computer; " } else { "" };
    format!("{local}stop {client} first, because each would miss what the other one receives")
}

fn line(client: OtherClient, session: &Session, path: &Path) -> String {
    let account = session::account(session);
    format!("imported the login of {client}: {account}; the session is in {}", path.display())
}

impl From<SavedLoginError> for Problem {
    fn from(error: SavedLoginError) -> Self {
        let message = out::error_chain(&error);
        if error.needs_new_login() {
            let problem = Self::local(message, Advice::LoginAgain);
            return Self { class: Class::Login, ..problem.hint("scan the code once: `wx login`") };
        }
        let problem = Self::local(message, Advice::CheckFile);
        match error {
            SavedLoginError::SessionFile => problem.hint("use it with --session"),
            SavedLoginError::Unrecognised | SavedLoginError::SeveralLogins => {
                problem.hint("otherwise log in with `wx login`")
            }
            _ => problem.hint("check the file, or log in with `wx login`"),
        }
    }
}
