//! `wx contacts`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use wx_proto::{Advice, Contact, Items, contacts_named};

use crate::args::{Addressee, Contacts, Global};
use crate::client::Client;
use crate::event::{self, Subject};
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::worker;

pub(crate) fn run(args: Contacts, global: Global) -> ExitCode {
    let path = args.session.place();
    let report = Report::new(&global, vec![Subject::login(&path)]);
    worker::run(report, move |report| {
        session::with_client(&path, Use::Fetch, global.policy(), &global, report, |client| {
            report.begin(0..1, None);
            report.end(match &args.members {
                Some(room) => tell_members(room, client, report),
                None => tell(args.rooms, client, report),
            });
        });
    })
}

/// Lists all contacts by name.
pub(crate) fn list(client: &Client, report: &Report) -> Result<Vec<Contact>, Problem> {
    let (contacts, skipped) = client.contacts(report.options())?;
    report.skipped("contacts", skipped);
    Ok(by_name(contacts))
}

/// Lists all rooms by name, and the people of the contact list.
fn list_rooms(client: &Client, report: &Report) -> Result<(Vec<Contact>, Items<Contact>), Problem> {
    let listed = client.rooms(None, report.options())?;
    report.skipped("contacts", listed.skipped);
    Ok((by_name(listed.rooms), listed.people))
}

fn by_name(contacts: Items<Contact>) -> Vec<Contact> {
    let mut contacts = Vec::from(contacts);
    contacts.sort_by(|one, other| {
        one.name().cmp(&other.name()).then(one.user_name.cmp(&other.user_name))
    });
    contacts
}

/// Returns the only contact with this remark or, if no remark matches, with this nickname.
pub(crate) fn only<'a>(name: &str, contacts: &'a [Contact]) -> Result<&'a Contact, Problem> {
    let refused = |what: String| Problem::local(what, Advice::CheckRecipient);
    match contacts_named(contacts, name)[..] {
        [contact] => Ok(contact),
        [] => Err(refused("no contact has this name".to_owned()).hint("wx contacts lists them")),
        ref found => Err(refused(format!("{} contacts have this name", found.len()))
            .hint("give the UserName of one, as wx contacts shows it")),
    }
}

fn tell(rooms_only: bool, client: &Client, report: &Report) -> Result<(), Problem> {
    let contacts = match rooms_only {
        true => list_rooms(client, report)?.0,
        false => list(client, report)?,
    };
    for contact in contacts {
        let what = if contact.is_room() { "room " } else { "" };
        let nick = match contact.remark_name {
            None => String::new(),
            Some(_) => format!(" ({})", contact.nick_name),
        };
        let members = match &contact.room {
            None => String::new(),
            Some(room) => format!(", {} members", room.members.len()),
        };
        let line = format!("{what}{}{nick}{members}: {}", contact.name(), contact.user_name);
        report.tell(&line, &event::contact(&contact));
    }
    Ok(())
}

/// Reports the members of a room, in the server's order.
fn tell_members(room: &Addressee, client: &Client, report: &Report) -> Result<(), Problem> {
    let (rooms, people) = match room {
        Addressee::Name(_) => list_rooms(client, report)?,
        Addressee::Recipient(to) => {
            let (people, skipped) = client.contacts(report.options())?;
            report.skipped("contacts", skipped);
            let named = client.rooms(Some(to.user_name().clone()), report.options())?;
            report.skipped("contacts", named.skipped);
            (named.rooms.into(), people)
        }
    };
    let room = match room {
        Addressee::Name(name) => only(name, &rooms)?,
        Addressee::Recipient(to) => rooms.first().ok_or_else(|| {
            let message = format!("the server does not know the room {to}");
            Problem::local(message, Advice::CheckRecipient).hint("wx contacts --rooms lists them")
        })?,
    };
    let Some(details) = &room.room else { return Ok(()) };
    report.skipped("members", details.skipped);
    let people: BTreeMap<_, _> = people.iter().map(|one| (&one.user_name, one)).collect();
    for member in &details.members {
        let remark = people.get(&member.user_name).and_then(|one| one.remark_name.as_deref());
        let name = member.name(remark);
        let nick = match name == member.nick_name {
            true => String::new(),
            false => format!(" ({})", member.nick_name),
        };
        let event = event::member(&room.user_name, member, name);
        report.tell(&format!("{name}{nick}: {}", member.user_name), &event);
    }
    Ok(())
}
