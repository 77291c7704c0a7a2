//! `wx whoami`, `wx contacts`, `wx logout`.

use std::path::Path;
use std::process::ExitCode;

use wx_client::session_file::SessionFile;
use wx_proto::flow::{ListContacts, Logout, Restore};
use wx_proto::{Contact, Role, Skipped};

use crate::args::{Account, Global};
use crate::event::{self, Subject};
use crate::job;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::transport::{Client, seed};
use crate::withhold;

/// Makes this process the only writer of a session file.
fn own(path: &Path) -> Result<SessionFile, Problem> {
    Ok(SessionFile::open(path)?)
}

/// What a command does.
type Work<T> = fn(T, &Client, &Report) -> Result<(), Problem>;

/// Does something with a login. `own` is done before the file is read, so that what it locks stays as it was read.
fn run<T: 'static>(
    args: &Account,
    global: Global,
    what_for: Use,
    own: fn(&Path) -> T,
    work: Work<T>,
) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![subject(&path)]);
    job::run(report, move |report| {
        let owned = own(&path);
        let connected = session::connect(&path, what_for, global.policy(), &global, report);
        let Some(client) = connected else { return };
        report.begin(0..1, None);
        match work(owned, &client, report) {
            Ok(()) => report.known(0),
            Err(problem) => {
                let _ = report.problem(0..1, &problem);
            }
        }
    })
}

pub(crate) fn subject(path: &Path) -> Subject {
    Subject::Login { path: path.to_string_lossy().into_owned() }
}

pub(crate) fn whoami(args: &Account, global: Global) -> ExitCode {
    run(args, global, Use::Login, own, |owned, client, report| {
        let flow = Restore::new(client.session().clone(), seed()?, client.policy())?;
        let session = client.drive(flow, report)?;
        withhold::session(&session);
        // A watch that has the file keeps it up to date itself.
        if let Ok(owned) = owned
            && session.to_json().expose() != client.session().to_json().expose()
            && let Err(error) = owned.save(&session)
        {
            report.warn(&error.to_string());
        }
        let (site, nick) = (session.site(), session.nick_name().unwrap_or_default());
        let base = site.hosts().origin(Role::Base).host().to_owned();
        let line = format!("{nick} ({}), {} at {base}", session.user_name(), site.profile());
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
    let flow = ListContacts::new(client.session(), seed()?, client.policy())?;
    let listed = client.drive(flow, report)?;
    skipped("contacts", listed.skipped, report);
    let mut contacts = Vec::from(listed.contacts);
    contacts.sort_by(|one, other| one.name().cmp(other.name()).then(one.user_name.cmp(&other.user_name)));
    Ok(contacts)
}

pub(crate) fn contacts(args: &Account, global: Global) -> ExitCode {
    run(
        args,
        global,
        Use::Fetch,
        |_| (),
        |(), client, report| {
            for contact in list(client, report)? {
                let what = if contact.is_room() { "room " } else { "" };
                let nick = match &contact.remark_name[..] {
                    "" => String::new(),
                    _ => format!(" ({})", contact.nick_name),
                };
                let line = format!("{what}{}{nick}: {}", contact.name(), contact.user_name);
                report.tell(&line, &event::contact(&contact));
            }
            Ok(())
        },
    )
}

pub(crate) fn logout(args: &Account, global: Global) -> ExitCode {
    run(args, global, Use::Login, own, |owned, client, report| {
        let owned = owned?;
        client.drive(Logout::new(client.session(), seed()?, client.policy())?, report)?;
        let mut session = client.session().clone();
        session.end();
        owned.save(&session)?;
        report.tell("logged out", &event::account("logged_out", &session));
        Ok(())
    })
}
