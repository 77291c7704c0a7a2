//! Reads the session file, runs work with its login, and saves the changes to the session.

use std::path::Path;

use wx_client::clock::unix_ms;
use wx_client::session_file::{SessionFile, SessionFileError, SessionFileErrorKind};
use wx_proto::{Advice, HostRole, Policy, Profile, SavedLogin, Session, Site, UserName};

use crate::args::Global;
use crate::client::Client;
use crate::files;
use crate::out;
use crate::place::default_path;
use crate::problem::{Class, Problem};
use crate::rate_limit;
use crate::report::Report;

/// The purpose of the session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Send,
    Fetch,
    /// For a command that calls `webwxinit` itself, or that ends the login.
    Login,
    /// No requirements: even a login that is over can be renewed.
    Any,
}

/// Returns a client for the login of a session file, and begins the trace if the user asked for
/// one. If either fails, reports the problem and returns `None`.
pub(crate) fn connect(
    path: &Path,
    what_for: Use,
    policy: Policy,
    global: &Global,
    report: &Report,
) -> Option<Client> {
    let session = load(path, what_for, report)?;
    let connected = || {
        let (session, file) = lock_if_due(session, what_for, path)?;
        if let Some(note) = rate_limit::note(path) {
            report.warn(&note);
        }
        report.watch_limit(path);
        if report.trace(global, session.site(), session.uin()).is_none() {
            return Ok(None);
        }
        let client = Client::new(global.transport(), session, policy)?;
        if let Some(file) = file {
            init(&client, what_for, &file, report)?;
        }
        Ok(Some(client))
    };
    connected().unwrap_or_else(|problem: Problem| {
        report.refuse(path, &problem);
        None
    })
}

/// Runs work with a client for the login of a session file, and then saves what the replies have
/// changed in the session. Until then, other commands can use the file.
pub(crate) fn with_client(
    path: &Path,
    what_for: Use,
    policy: Policy,
    global: &Global,
    report: &Report,
    work: impl FnOnce(&Client),
) {
    let Some(client) = connect(path, what_for, policy, global, report) else { return };
    let before = client.session();
    work(&client);
    if let Err(error) = store(path, &before, &client.session()) {
        let (path, why) = (path.display(), out::error_chain(error.kind()));
        report.warn(&format!("{path}: the changes that the server made were not saved: {why}"));
    }
}

/// Runs work with the login of a session file, which this process locks unless another one has.
pub(crate) fn with_locked_file(
    path: &Path,
    global: &Global,
    report: &Report,
    work: impl FnOnce(Result<SessionFile, SessionFileError>, &Client) -> Result<(), Problem>,
) {
    // The file is locked before it is read, so that no other process changes it in between.
    let file = SessionFile::open(path);
    let connected = connect(path, Use::Login, global.policy(), global, report);
    let Some(client) = connected else { return };
    report.begin(0..1, None);
    report.end(work(file, &client));
}

/// Saves a session that was read as `before`, if it has changed. Does nothing if another command
/// has locked or changed the file, because the file is then newer or has another login.
fn store(path: &Path, before: &Session, after: &Session) -> Result<(), SessionFileError> {
    let is_equal = |one: &Session, other: &Session| one.to_json() == other.to_json();
    if is_equal(before, after) {
        return Ok(());
    }
    match SessionFile::open(path) {
        Ok(file) if file.load_allow_loopback().is_ok_and(|found| is_equal(&found, before)) => {
            file.save(after)
        }
        Err(error) if matches!(error.kind(), SessionFileErrorKind::Io(_)) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Locks the file of a login that was interrupted before `webwxinit`, and reads it again, because
/// another command may have continued the login since `session` was read.
fn lock_if_due(
    session: Session,
    what_for: Use,
    path: &Path,
) -> Result<(Session, Option<SessionFile>), Problem> {
    if !session.awaits_init() || what_for == Use::Login {
        return Ok((session, None));
    }
    let file = SessionFile::open(path)?;
    let session = checked(file.load_allow_loopback()?, what_for)?;
    let is_due = session.awaits_init();
    Ok((session, is_due.then_some(file)))
}

/// Continues a login that was interrupted before `webwxinit`.
fn init(
    client: &Client,
    what_for: Use,
    file: &SessionFile,
    report: &Report,
) -> Result<(), Problem> {
    client.restore(report.options())?;
    let session = client.session();
    file.save(&session)?;
    if what_for == Use::Send {
        session.check_upload(unix_ms())?;
    }
    Ok(())
}

/// Reads a session file and checks that it can be used.
pub(crate) fn load(path: &Path, what_for: Use, report: &Report) -> Option<Session> {
    match read(path, what_for) {
        Ok(session) => {
            if SessionFile::is_exposed(path) {
                report.warn(&format!(
                    "{}: other users can read this file and use the login; \
                     make it readable only by you (chmod 600)",
                    path.display()
                ));
            }
            if session.hosts().is_loopback() {
                let path = path.display();
                report.note_before_requests(format!(
                    "{path}: a loopback session: requests stay on this computer"
                ));
            }
            Some(session)
        }
        Err(problem) => {
            report.refuse(path, &problem);
            None
        }
    }
}

fn read(path: &Path, what_for: Use) -> Result<Session, Problem> {
    checked(SessionFile::read_allow_loopback(path)?, what_for)
}

fn checked(session: Session, what_for: Use) -> Result<Session, Problem> {
    match what_for {
        // Before `webwxinit`, it is unknown whether the session can upload.
        Use::Send if !session.awaits_init() => session.check_upload(unix_ms())?,
        Use::Send | Use::Fetch | Use::Login => session.check_login()?,
        Use::Any => {}
    }
    Ok(session)
}

/// Returns the login in the file, if there is one. A login to an emulator and a real login never
/// replace each other.
pub(crate) fn check_replaceable(
    file: &SessionFile,
    loopback: bool,
) -> Result<Option<Session>, Problem> {
    let refused =
        |what: String| Problem::local(what, Advice::CheckFile).hint("choose another --session");
    match file.load_allow_loopback() {
        Ok(session) if loopback && !session.hosts().is_loopback() => {
            Err(refused("holds a real login".to_owned()))
        }
        Ok(session) => Ok(Some(session)),
        Err(error) if is_without_login(&error) => Ok(None),
        Err(error) => {
            let whose = if loopback { " of an emulator" } else { "" };
            Err(refused(format!("not a session{whose}: {}", error.kind())))
        }
    }
}

/// Like [`check_replaceable`], for a login of this page. It does not replace a login of another
/// page, because the pages differ in what they can do.
pub(crate) fn check_replaceable_by(
    site: &Site,
    file: &SessionFile,
) -> Result<Option<Session>, Problem> {
    let old = check_replaceable(file, site.hosts().is_loopback())?;
    let old_login = old.as_ref().filter(|old| old.check_login().is_ok());
    match old_login.map(|old| old.site().profile()) {
        Some(profile) if profile != site.profile() => {
            let what = format!("holds a login of another page ({profile})");
            Err(Problem::local(what, Advice::CheckFile)
                .hint("choose another --session; --force replaces the login"))
        }
        _ => Ok(old),
    }
}

/// Returns the page of the login that was found in a file, if it is the login of another account
/// than `new`, which must not replace it. A login to an emulator does not count.
pub(crate) fn of_another_account(found: Option<&Session>, new: &Session) -> Option<Profile> {
    let other = found.filter(|old| old.uin() != new.uin() && !old.hosts().is_loopback())?;
    Some(other.site().profile())
}

/// Describes the account of a login: its names, its page, and when the login ends.
pub(crate) fn account(session: &Session) -> String {
    let (site, nick) = (session.site(), session.nick_name().unwrap_or_default());
    let base = site.hosts().origin(HostRole::Base).host().to_owned();
    let name = session.user_name().map_or("@", UserName::as_str);
    let end = session.ends_at().map(|end| format!(", until {}", end.to_utc())).unwrap_or_default();
    format!("{nick} ({name}), {} at {base}{end}", site.profile())
}

impl From<SessionFileError> for Problem {
    fn from(error: SessionFileError) -> Self {
        let about = |advice| Self::local(out::error_chain(error.kind()), advice).with_session();
        match error.kind() {
            SessionFileErrorKind::NotFound | SessionFileErrorKind::NoLogin => {
                // The user has named the file.
                let is_misnamed = error.path() != default_path() && is_missing(error.kind());
                let (what, hint) = match is_misnamed {
                    true => ("there is no such file", "correct --session, or run `wx login`"),
                    false => ("nobody is logged in", "run `wx login`"),
                };
                let problem = Self::local(what, Advice::LoginAgain).with_session();
                Self { class: Class::Login, ..problem.hint(hint) }
            }
            SessionFileErrorKind::Busy(_) => {
                about(Advice::CheckFile).hint("wait until it has ended, or stop it")
            }
            SessionFileErrorKind::Io(error) => {
                let problem =
                    Self::local(out::error_chain(error), Advice::CheckFile).with_session();
                problem.hint("check the session file and its directory")
            }
            SessionFileErrorKind::Session(_) if is_of_another_client(error.path()) => {
                about(Advice::CheckFile).hint(IMPORT_HINT)
            }
            _ => about(Advice::CheckFile),
        }
    }
}

/// What to do with the login of another client.
pub(crate) const IMPORT_HINT: &str = "it is the login of another client: `wx import` reads it";

/// Returns whether a file holds a login that `wx import` reads.
pub(crate) fn is_of_another_client(path: &Path) -> bool {
    let bytes = files::read(path, SavedLogin::MAX_LEN as u64);
    bytes.is_ok_and(|bytes| SavedLogin::read_allow_loopback(bytes).is_ok())
}

fn is_missing(kind: &SessionFileErrorKind) -> bool {
    matches!(kind, SessionFileErrorKind::NotFound)
}

fn is_without_login(error: &SessionFileError) -> bool {
    is_missing(error.kind()) || matches!(error.kind(), SessionFileErrorKind::NoLogin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(user_name: &str) -> Session {
        let text = serde_json::json!({
            "version": 1, "base": "https://wx.qq.com", "uin": 1, "sid": "sid", "skey": "skey",
            "pass_ticket": "ticket", "user_name": user_name, "cookies": [],
        });
        Session::from_json(text.to_string()).unwrap()
    }

    #[test]
    fn what_another_command_has_saved_meanwhile_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.json");
        let save =
            |session: &Session| SessionFile::open_or_create(&path).unwrap().save(session).unwrap();
        let read = session("@");
        assert!(read.awaits_init());
        save(&read);
        let (due, file) = lock_if_due(read.clone(), Use::Fetch, &path).unwrap();
        assert!(due == read && file.is_some());
        drop(file);
        // Another command has continued the login and received new secrets, or has ended the login.
        let mut begun = session("@me");
        save(&begun);
        let (now, file) = lock_if_due(read.clone(), Use::Fetch, &path).unwrap();
        assert!(now == begun && file.is_none());
        begun.clear_login();
        save(&begun);
        assert_eq!(lock_if_due(read, Use::Fetch, &path).unwrap_err().class, Class::Login);
    }
    #[test]
    fn only_the_same_account_or_an_emulator_gives_way() {
        let session = |base: &str, uin: u32| {
            Session::builder(base).allow_loopback().uin(uin).user_name("@me").build().unwrap()
        };
        let real = session("https://wx.qq.com", 1);
        let is_of_another =
            |found: Option<&Session>, new: &Session| of_another_account(found, new).is_some();
        assert!(!is_of_another(Some(&real), &session("https://wx2.qq.com", 1)));
        assert!(is_of_another(Some(&real), &session("https://wx2.qq.com", 2)));
        let emulated = session("http://127.0.0.1:1", 1);
        assert!(!is_of_another(Some(&emulated), &session("http://127.0.0.1:2", 2)));
        assert!(!is_of_another(None, &session("https://wx.qq.com", 2)));
    }
}
