//! `wx contacts`.

use std::process::ExitCode;

use wx_proto::Contact;

use crate::args::{Account, Global};
use crate::client::Client;
use crate::event::{self, Subject};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::worker;

pub(crate) fn run(args: &Account, global: Global) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![Subject::login(&path)]);
    worker::run(report, move |report| {
        session::with_client(&path, Use::Fetch, global.policy(), &global, report, |client| {
            report.begin(0..1, None);
            report.end(tell(client, report));
        });
    })
}

/// Lists all contacts by name.
pub(crate) fn list(client: &Client, report: &Report) -> Result<Vec<Contact>, Problem> {
    let (contacts, skipped) = client.contacts(report.options())?;
    report.skipped("contacts", skipped);
    let mut contacts = Vec::from(contacts);
    contacts.sort_by(|one, other| {
        one.name().cmp(other.name()).then(one.user_name.cmp(&other.user_name))
    });
    Ok(contacts)
}

fn tell(client: &Client, report: &Report) -> Result<(), Problem> {
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
