//! `wx logout`.

use std::path::Path;
use std::process::ExitCode;

use wx_client::session_file::SessionFile;
use wx_proto::{Advice, Session};

use super::watch;
use crate::args::{Account, Global};
use crate::client::Client;
use crate::event::{self, Subject};
use crate::problem::Problem;
use crate::report::Report;
use crate::{session, worker};

pub(crate) fn run(args: &Account, global: Global) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![Subject::login(&path)]);
    worker::run(report, move |report| {
        session::with_locked_file(&path, &global, report, |file, client| {
            logout(&file?, client, report)
        });
    })
}

fn logout(file: &SessionFile, client: &Client, report: &Report) -> Result<(), Problem> {
    let ended = client.session();
    client.logout(report.options())?;
    let session = client.session();
    let forgotten = forget(file, &ended, &session, report);
    report.receipt("logged out", &event::account("logged_out", &session));
    forget_hooks(file.path(), &ended, report);
    forgotten
}

/// Removes what `watch` has stored for its command. Keeps and reports the messages for which the
/// command has failed.
fn forget_hooks(session_file: &Path, ended: &Session, report: &Report) {
    let account = watch::Account::new(ended);
    let left = watch::HookQueue::open(session_file, account).and_then(|mut queue| {
        queue.forget_handled()?;
        for (path, messages) in queue.left()? {
            let path = path.display();
            report.warn(&format!(
                "{path}: keeps the messages for which the command of watch has failed, with their \
                 texts: {messages}; delete it to give them up"
            ));
        }
        Ok(())
    });
    if let Err(problem) = left {
        report.warn(&problem.sentence());
    }
}

/// Removes an ended login from its file, and keeps what `login --push` needs. If the file cannot be
/// saved, it is emptied.
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

/// Returns the problem when an ended login could not be removed from its file.
fn not_forgotten(path: &Path, ended: &Session, why: &str) -> Problem {
    // Another command may have saved another login there.
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
