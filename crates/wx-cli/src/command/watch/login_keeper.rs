//! Saves the session after each webwxsync, and warns before the login ends.

use std::time::Duration;

use wx_client::clock::unix_ms;
use wx_client::session_file::{SessionFile, SessionFileError};
use wx_proto::{Session, UnixMs};

use crate::event;
use crate::out;
use crate::report::Report;

/// Keeps the session file of a `watch` up to date.
pub(super) struct LoginKeeper<'a> {
    file: &'a SessionFile,
    report: &'a Report,
    /// The end of the login that the user was warned about.
    warned: Option<UnixMs>,
}

/// How long before its end the user is warned about a login. The server renews a login with each
/// webwxsync, usually for 12 hours, so this is only reached if it no longer does.
const WARN_BEFORE: Duration = Duration::from_secs(2 * 3600);

impl<'a> LoginKeeper<'a> {
    pub(super) fn new(file: &'a SessionFile, report: &'a Report) -> Self {
        Self { file, report, warned: None }
    }

    /// Saves the session, and warns if the login ends soon.
    pub(super) fn save(&mut self, session: &Session) -> Result<(), SessionFileError> {
        let end = session.ends_at().filter(|end| *end <= unix_ms().saturating_add(WARN_BEFORE));
        if let Some(end) = end.filter(|end| self.warned.replace(*end) != Some(*end)) {
            let line = format!(
                "the server no longer renews the login, which ends at {}; log in again before then",
                end.to_utc()
            );
            self.report.tell_aside(&line, &event::login_ends(end));
        }
        self.file.save(session)
    }

    /// Saves the session after a webwxsync without messages. If that fails, the next webwxsync
    /// saves it.
    pub(super) fn synced(&mut self, session: &Session) {
        if let Err(error) = self.save(session) {
            let (path, why) = (self.file.path().display(), out::error_chain(error.kind()));
            self.report.warn(&format!("{path}: the renewed login was not saved: {why}"));
        }
    }
}
