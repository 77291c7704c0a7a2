//! `wx whoami`.

use std::process::ExitCode;

use wx_client::session_file::{SessionFile, SessionFileError};

use crate::args::{Account, Global};
use crate::client::Client;
use crate::event::{self, Subject};
use crate::out;
use crate::problem::Problem;
use crate::report::Report;
use crate::{session, worker};

pub(crate) fn run(args: &Account, global: Global) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![Subject::login(&path)]);
    worker::run(report, move |report| {
        session::with_locked_file(&path, &global, report, |file, client| {
            whoami(file, client, report)
        });
    })
}

fn whoami(
    file: Result<SessionFile, SessionFileError>,
    client: &Client,
    report: &Report,
) -> Result<(), Problem> {
    let before = client.session();
    client.restore(report.options())?;
    let session = client.session();
    // If a `watch` has locked the file, the `watch` keeps it up to date.
    if let Ok(file) = file
        && session.to_json().expose() != before.to_json().expose()
        && let Err(error) = file.save(&session)
    {
        report.warn(&out::error_chain(&error));
    }
    report.tell(&session::account(&session), &event::account("account", &session));
    Ok(())
}
