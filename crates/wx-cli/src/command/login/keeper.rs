//! Saves the session during a login, as soon as the session exists.

use wx_client::CancelToken;
use wx_client::session_file::SessionFile;
use wx_proto::{Advice, Session};

use crate::args::Global;
use crate::client::Client;
use crate::problem::{Class, Problem};
use crate::report::{Report, Unfinished};
use crate::session;

/// Saves the login in its file. A login that cannot be kept is ended on the server.
pub(super) struct Keeper<'a> {
    file: &'a SessionFile,
    /// The previous login in the file. A login of the same account replaces it.
    before: Option<Session>,
    opened: Option<Opened>,
    report: &'a Report,
}

/// A login that the server has granted.
struct Opened {
    session: Session,
    saved: Result<(), Problem>,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(file: &'a SessionFile, before: Option<Session>, report: &'a Report) -> Self {
        Self { file, before, opened: None, report }
    }

    /// Saves the new login. A problem with the file is reported only when the login is finished,
    /// because the file may be writable by then.
    pub(super) fn opened(&mut self, session: &Session) {
        let is_of_another = session::of_another_account(self.before.as_ref(), session).is_some();
        let saved = if is_of_another { Ok(()) } else { self.save(session) };
        if is_of_another || saved.is_err() {
            self.report.set_unfinished(Some(Unfinished::Login));
        }
        self.opened = Some(Opened { session: session.clone(), saved });
    }

    /// Saves or ends the login, depending on its result.
    pub(super) fn finish(
        self,
        ended: Result<Session, Problem>,
        global: &Global,
    ) -> Result<Session, Problem> {
        let report = self.report;
        let end = |session: &Session| log_out(session, global, report);
        let Some(Opened { session, saved }) = &self.opened else { return ended };
        if let Some(profile) = session::of_another_account(self.before.as_ref(), session) {
            let what = format!(
                "holds the login of another account ({profile}); the new one {}",
                end(session)
            );
            return Err(Problem::local(what, Advice::CheckFile)
                .hint("choose another --session; --force replaces it"));
        }
        match (ended, saved) {
            (Ok(session), saved) => match (self.save(&session), saved) {
                (Ok(()), _) => Ok(session),
                (Err(problem), Ok(())) => {
                    report.warn(&format!(
                        "{}; the next command initialises the session again",
                        problem.message
                    ));
                    Ok(session)
                }
                (Err(problem), Err(_)) => Err(unsaved(&problem, end(&session))),
            },
            // The login is already over. The previous login is restored, or what `login --push`
            // needs is saved.
            (Err(problem), _) if problem.class == Class::Login => {
                let mut over = session.clone();
                over.clear_login();
                self.save(self.before.as_ref().unwrap_or(&over))?;
                Err(problem)
            }
            (Err(problem), Ok(())) => {
                Err(problem
                    .hint("the login is saved: `wx whoami`, or any other command, continues it"))
            }
            (Err(_), Err(problem)) => Err(unsaved(problem, end(session))),
        }
    }

    fn save(&self, session: &Session) -> Result<(), Problem> {
        Ok(self.file.save(session)?)
    }
}

/// Ends a login that would be lost, and returns whether that worked as a phrase. Continues even if
/// the user has asked the command to stop: the policy limits the time.
fn log_out(session: &Session, global: &Global, report: &Report) -> &'static str {
    let options = report.options().cancel(&CancelToken::new());
    let ended = Client::new(global.transport(), session.clone(), global.policy())
        .and_then(|client| client.logout(options));
    if ended.is_ok() { "was ended" } else { "could not be ended: end it on the phone" }
}

fn unsaved(problem: &Problem, end: &str) -> Problem {
    let what = format!("the login could not be saved ({}) and {end}", problem.message);
    Problem::local(what, Advice::CheckFile).with_session()
}
