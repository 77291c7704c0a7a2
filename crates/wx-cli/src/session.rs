//! Reading the session file.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use wx_proto::Session;

use crate::files;
use crate::problem::Problem;
use crate::report::Report;

/// No session file is near as large.
pub(crate) const LIMIT: u64 = 4 * 1024 * 1024;

/// What the session is read for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Send,
    Fetch,
}

/// Reads a session file and checks that it can be used. What is wrong is reported; nothing can be done then.
pub(crate) fn load(path: &Path, what_for: Use, report: &Report) -> Option<Session> {
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
    let hint = |problem: Problem| problem.hint("check the session file");
    let text = files::read(path, LIMIT).map_err(hint)?;
    let session = Session::from_json_allow_loopback(text).map_err(|error| hint(error.into()))?;
    match what_for {
        Use::Send => session.check_upload(unix_ms())?,
        Use::Fetch => session.check_login()?,
    }
    Ok(session)
}

fn unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(0))
}
