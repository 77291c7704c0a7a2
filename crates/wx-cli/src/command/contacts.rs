//! `wx contacts`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use wx_proto::{Advice, Contact, Items, UserName, contacts_named, is_same_name};

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

/// Finds recipients by name. Each list is requested once, and only if it is needed.
pub(crate) struct Directory<'a> {
    client: &'a Client,
    report: &'a Report,
    contacts: Option<Vec<Contact>>,
    rooms: Option<Vec<Contact>>,
}

impl<'a> Directory<'a> {
    pub(crate) fn new(client: &'a Client, report: &'a Report) -> Self {
        Self { client, report, contacts: None, rooms: None }
    }

    /// Returns the UserName of an addressee.
    pub(crate) fn user_name(&mut self, addressee: &Addressee) -> Result<UserName, Problem> {
        match addressee {
            Addressee::Recipient(recipient) => Ok(recipient.user_name().clone()),
            Addressee::Name(name) => self.only(name),
        }
    }

    /// Returns the only contact with this name or, if there is none, the only room, even if it is
    /// not saved to the contacts.
    pub(crate) fn only(&mut self, name: &str) -> Result<UserName, Problem> {
        let contacts = match self.contacts.take() {
            Some(contacts) => contacts,
            None => list(self.client, self.report)?,
        };
        if let Some(contact) = only(name, self.contacts.insert(contacts))? {
            return Ok(contact.user_name.clone());
        }
        let rooms = match self.rooms.take() {
            Some(rooms) => rooms,
            None => list_rooms(self.client, self.report)?.rooms,
        };
        let room = only(name, self.rooms.insert(rooms))?.ok_or_else(|| {
            unknown("no contact has this name, and neither has a room that can be listed")
        })?;
        Ok(room.user_name.clone())
    }
}

/// The rooms by name, those that could not be listed, and the people of the contact list.
struct Rooms {
    rooms: Vec<Contact>,
    missing: Items<UserName>,
    people: Items<Contact>,
}

/// Lists all contacts by name.
fn list(client: &Client, report: &Report) -> Result<Vec<Contact>, Problem> {
    let (contacts, skipped) = client.contacts(report.options())?;
    report.skipped("contacts", skipped);
    Ok(by_name(contacts))
}

fn list_rooms(client: &Client, report: &Report) -> Result<Rooms, Problem> {
    let listed = client.rooms(None, report.options())?;
    report.skipped("contacts", listed.skipped);
    let (rooms, missing) = (by_name(listed.rooms), listed.missing);
    Ok(Rooms { rooms, missing, people: listed.people })
}

fn by_name(contacts: Items<Contact>) -> Vec<Contact> {
    let mut contacts = Vec::from(contacts);
    contacts.sort_by(|one, other| {
        one.name().cmp(&other.name()).then(one.user_name.cmp(&other.user_name))
    });
    contacts
}

/// Returns the only contact with this remark or, if no remark matches, with this nickname. A room
/// that has neither is found by the name that is shown.
fn only<'a>(name: &str, contacts: &'a [Contact]) -> Result<Option<&'a Contact>, Problem> {
    let mut found = contacts_named(contacts, name);
    if found.is_empty() {
        let rooms = contacts.iter().filter(|contact| contact.is_room());
        found = rooms.filter(|room| is_same_name(&room.name(), name)).collect();
    }
    match found[..] {
        [] => Ok(None),
        [contact] => Ok(Some(contact)),
        _ => {
            let message = format!("{} contacts have this name", found.len());
            let problem = Problem::local(message, Advice::CheckRecipient);
            Err(problem.hint("give the UserName of one, as wx contacts shows it"))
        }
    }
}

/// Returns the problem of a name that was not found.
fn unknown(message: &str) -> Problem {
    Problem::local(message, Advice::CheckRecipient).hint(
        "check it with wx contacts; a quiet room that is not saved cannot be listed: let somebody \
         write in it, or save it to the contacts on the phone",
    )
}

fn tell(rooms_only: bool, client: &Client, report: &Report) -> Result<(), Problem> {
    let (contacts, missing) = match rooms_only {
        true => {
            let listed = list_rooms(client, report)?;
            (listed.rooms, listed.missing)
        }
        false => (list(client, report)?, Vec::new().into()),
    };
    for room in &missing {
        let line = format!("room {room}: not listed: the server does not know it any more");
        report.tell_aside(&line, &event::missing(room));
    }
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
        Addressee::Name(_) => {
            let listed = list_rooms(client, report)?;
            (listed.rooms, listed.people)
        }
        Addressee::Recipient(to) => {
            let (people, skipped) = client.contacts(report.options())?;
            report.skipped("contacts", skipped);
            let named = client.rooms(Some(to.user_name().clone()), report.options())?;
            report.skipped("contacts", named.skipped);
            (named.rooms.into(), people)
        }
    };
    let room = match room {
        Addressee::Name(name) => only(name, &rooms)?
            .ok_or_else(|| unknown("no room that can be listed has this name"))?,
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
