//! `wx whoami`, `wx contacts`, `wx logout`.

use std::path::Path;
use std::process::ExitCode;

use wx_client::session_file::SessionFile;
use wx_proto::flow::{ListContacts, Logout, Restore};
use wx_proto::{Advice, Contact, HostRole, Session, Skipped, UserName};

use crate::args::{Account, Global};
use crate::event::{self, Subject};
use crate::job;
use crate::out;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::transport::{Client, seed};

/// Makes this process the only writer of a session file.
fn own(path: &Path) -> Result<SessionFile, Problem> {
    Ok(SessionFile::open(path)?)
}

/// What a command does.
type Work = fn(Result<SessionFile, Problem>, &Client, &Report) -> Result<(), Problem>;

/// Works with a login whose file this process owns. The file is locked before it is read, so that
/// it stays as it was read.
fn run(args: &Account, global: Global, work: Work) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![subject(&path)]);
    job::run(report, move |report| {
        let owned = own(&path);
        let connected = session::connect(&path, Use::Login, global.policy(), &global, report);
        let Some(client) = connected else { return };
        report.begin(0..1, None);
        ended(work(owned, &client, report), report);
    })
}

fn ended(result: Result<(), Problem>, report: &Report) {
    match result {
        Ok(()) => report.known(0),
        Err(problem) => {
            let _ = report.problem(0..1, &problem);
        }
    }
}

pub(crate) fn subject(path: &Path) -> Subject {
    Subject::Login { path: path.to_string_lossy().into_owned() }
}

pub(crate) fn whoami(args: &Account, global: Global) -> ExitCode {
    run(args, global, |owned, client, report| {
        let before = client.session();
        client.drive(Restore::new(&before, seed()?, client.policy())?, report)?;
        let session = client.session();
        // A watch that has the file keeps it up to date itself.
        if let Ok(owned) = owned
            && session.to_json().expose() != before.to_json().expose()
            && let Err(error) = owned.save(&session)
        {
            report.warn(&out::words(&error));
        }
        let (site, nick) = (session.site(), session.nick_name().unwrap_or_default());
        let base = site.hosts().origin(HostRole::Base).host().to_owned();
        let name = session.user_name().map_or("@", UserName::as_str);
        let line = format!("{nick} ({name}), {} at {base}", site.profile());
        report.tell(&line, &event::account("account", &session));
        Ok(())
    })
}

/// Tells how many messages or contacts came and could not be handed out, if any.
pub(crate) fn skipped(what: &str, skipped: Skipped, report: &Report) {
    if !skipped.is_empty() {
        report.tell_aside(&format!("skipped {what}: {skipped}"), &event::skipped(what, skipped));
    }
}

/// All contacts, by name.
pub(crate) fn list(client: &Client, report: &Report) -> Result<Vec<Contact>, Problem> {
    let flow = ListContacts::new(&client.session(), seed()?, client.policy())?;
    let listed = client.drive(flow, report)?;
    skipped("contacts", listed.skipped, report);
    let mut contacts = Vec::from(listed.contacts);
    contacts.sort_by(|one, other| {
        one.name().cmp(other.name()).then(one.user_name.cmp(&other.user_name))
    });
    Ok(contacts)
}

pub(crate) fn contacts(args: &Account, global: Global) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![subject(&path)]);
    job::run(report, move |report| {
        session::with_client(&path, Use::Fetch, global.policy(), &global, report, |client| {
            report.begin(0..1, None);
            ended(tell_contacts(client, report), report);
        });
    })
}

fn tell_contacts(client: &Client, report: &Report) -> Result<(), Problem> {
    for contact in list(client, report)? {
        let what = if contact.is_room() { "room " } else { "" };
        let nick = match contact.remark_name {
            None => String::new(),
            Some(_) => format!(" ({})", contact.nick_name),
        };
        let line = format!("{what}{}{nick}: {}", contact.name(), contact.user_name);
        report.tell(&line, &event::contact(&contact));
    }
    Ok(())
}

pub(crate) fn logout(args: &Account, global: Global) -> ExitCode {
    run(args, global, |owned, client, report| {
        let owned = owned?;
        let ended = client.session();
        client.drive(Logout::new(&ended, seed()?, client.policy())?, report)?;
        let session = client.session();
        let forgotten = forget(&owned, &ended, &session, report);
        report.tell("logged out", &event::account("logged_out", &session));
        forgotten
    })
}

/// Takes a login that has ended out of its file, and leaves what the phone can be asked with. If
/// there is no room for that, the file is emptied.
fn forget(
    file: &SessionFile,
    ended: &Session,
    left: &Session,
    report: &Report,
) -> Result<(), Problem> {
    let Err(error) = file.save(left) else { return Ok(()) };
    let why = Problem::from(error).message;
    if file.erase().is_ok() {
        let path = file.path().display();
        report.warn(&format!(
            "{path}: {why}; the file was emptied, so `wx login --push` cannot use it"
        ));
        return Ok(());
    }
    Err(not_forgotten(file.path(), ended, &why))
}

/// What is said of a file that a login which has ended could not be taken out of.
fn not_forgotten(path: &Path, ended: &Session, why: &str) -> Problem {
    // Somebody else may have put another login there.
    if SessionFile::read_allow_loopback(path).is_ok_and(|found| found == *ended) {
        let what = format!(
            "the login has ended, but it is still in the file, which cannot be changed ({why})"
        );
        Problem::local(what, Advice::CheckFile).with_session().hint("delete the file")
    } else {
        let what = format!("the login has ended, but the file was left as it is ({why})");
        Problem::local(what, Advice::CheckFile).with_session()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_with_the_login_that_has_ended_is_to_be_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.json");
        let login = |uin| {
            Session::builder("https://wx.qq.com")
                .uin(uin)
                .user_name("@me")
                .build()
                .expect("a session")
        };
        let said = || not_forgotten(&path, &login(1), "Input/output error").sentence();
        for (found, words) in [
            (Some(login(1)), "cannot be changed (Input/output error); delete the file"),
            (Some(login(2)), "left as it is (Input/output error); check the session file"),
            (None, "left as it is (Input/output error); check the session file"),
        ] {
            let _ = std::fs::remove_file(&path);
            if let Some(found) = found {
                std::fs::write(&path, found.to_json().expose()).unwrap();
            }
            let said = said();
            assert!(
                said.starts_with("the login has ended, but ") && said.ends_with(words),
                "{said}"
            );
        }
    }
}
