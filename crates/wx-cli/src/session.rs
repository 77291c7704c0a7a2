//! Reading the session file.

use std::path::Path;

use wx_proto::{Policy, Session};

use crate::args::Global;
use crate::files;
use crate::problem::Problem;
use crate::report::Report;
use crate::transport::{Client, unix_ms};

/// No session file is near as large.
pub(crate) const LIMIT: u64 = 4 * 1024 * 1024;

/// What the session is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Send,
    Fetch,
}

/// A client for the login of a session file, and the trace that was asked for. What is wrong is reported; nothing can be
/// done then.
pub(crate) fn connect(
    path: &Path,
    what_for: Use,
    policy: Policy,
    global: &Global,
    report: &Report,
) -> Option<Client> {
    let session = load(path, what_for, report)?;
    report.trace(global, &session)?;
    match Client::new(global.transport, session, policy) {
        Ok(client) => Some(client),
        Err(problem) => {
            report.refuse(path, &problem);
            None
        }
    }
}

/// Reads a session file and checks that it can be used.
fn load(path: &Path, what_for: Use, report: &Report) -> Option<Session> {
    match read(path, what_for) {
        Ok(session) => {
            if session.hosts().is_loopback() {
                let path = path.display();
                report.note_before_requests(format!("{path}: a loopback session: all goes to this computer"));
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
    let text = files::read(path, LIMIT).map_err(Problem::with_session)?;
    let session = Session::from_json_allow_loopback(text)?;
    match what_for {
        Use::Send => session.check_upload(unix_ms())?,
        Use::Fetch => session.check_login()?,
    }
    Ok(session)
}
