//! `wx contacts`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use wx_proto::{
    Advice, Avatar, Contact, Items, Member, Profile, RoomDetails, UserName, contacts_named,
    is_same_name,
};

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
            let listed = check_profile(client).and_then(|()| match &args.members {
                Some(room) => tell_members(room, client, report),
                None => tell(args.rooms, client, report),
            });
            report.end(listed);
        });
    })
}

/// Refuses a login of the File Transfer Helper, whose page has no contacts: it can send to none of
/// those that the server would list.
fn check_profile(client: &Client) -> Result<(), Problem> {
    match client.session().site().profile() {
        Profile::FileHelper => {
            let what = "a login of the File Transfer Helper has no contacts";
            let problem = Problem::local(what, Advice::CheckRecipient);
            Err(problem.hint("it can only send to filehelper, and receive from it"))
        }
        _ => Ok(()),
    }
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

    /// Returns the contact list, if it was requested.
    pub(crate) fn contacts(&self) -> Option<&[Contact]> {
        self.contacts.as_deref()
    }

    /// Returns the only contact with this name or, if there is none, the only room, even if it is
    /// not saved to the contacts.
    pub(crate) fn only(&mut self, name: &str) -> Result<UserName, Problem> {
        self.contact(name).map(|contact| contact.user_name.clone())
    }

    /// Returns the avatar of the contact or room that [`only`](Self::only) finds.
    pub(crate) fn avatar(&mut self, name: &str) -> Result<Avatar, Problem> {
        self.contact(name).map(Contact::avatar)
    }

    fn contact(&mut self, name: &str) -> Result<&Contact, Problem> {
        check_profile(self.client)?;
        let contacts = match self.contacts.take() {
            Some(contacts) => contacts,
            None => list(self.client, self.report)?,
        };
        if let Some(contact) = only(name, self.contacts.insert(contacts))? {
            return Ok(contact);
        }
        let rooms = match self.rooms.take() {
            Some(rooms) => rooms,
            None => list_rooms(self.client, self.report)?.rooms,
        };
        only(name, self.rooms.insert(rooms))?.ok_or_else(|| {
            unknown("no contact has this name, and neither has a room that can be listed")
        })
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

/// A room with its members, and the people whose remarks are names of members.
struct Members {
    room: UserName,
    details: RoomDetails,
    people: BTreeMap<UserName, Contact>,
    /// The account itself, which is a member, but not a contact.
    me: Option<UserName>,
}

impl Members {
    /// Requests the members of a room.
    fn of(room: &Addressee, client: &Client, report: &Report) -> Result<Self, Problem> {
        let (rooms, people) = match room {
            Addressee::Name(_) => {
                let listed = list_rooms(client, report)?;
                (listed.rooms, listed.people)
            }
            Addressee::Recipient(to) => {
                let (people, skipped) = client.contacts(report.options())?;
                report.skipped("contacts", skipped);
                let named = client.rooms(Some(vec![to.user_name().clone()]), report.options())?;
                report.skipped("contacts", named.skipped);
                (named.rooms.into(), people)
            }
        };
        let room = match room {
            Addressee::Name(name) => only(name, &rooms)?
                .ok_or_else(|| unknown("no room that can be listed has this name"))?,
            Addressee::Recipient(to) => rooms.first().ok_or_else(|| {
                let message = format!("the server does not know the room {to}");
                let problem = Problem::local(message, Advice::CheckRecipient);
                problem.hint("wx contacts --rooms lists them")
            })?,
        };
        let details = room.room.as_deref().cloned().unwrap_or_default();
        report.skipped("members", details.skipped);
        let people = people.into_iter().map(|one| (one.user_name.clone(), one)).collect();
        let me = client.session().user_name().cloned();
        Ok(Self { room: room.user_name.clone(), details, people, me })
    }

    fn name<'a>(&'a self, member: &'a Member) -> &'a str {
        let contact = self.people.get(&member.user_name);
        member.name(contact.and_then(|contact| contact.remark_name.as_deref()))
    }

    fn avatar(&self, member: &Member) -> Avatar {
        match self.people.get(&member.user_name) {
            Some(contact) => contact.avatar(),
            None if self.me.as_ref() == Some(&member.user_name) => {
                Avatar::new(member.user_name.clone())
            }
            None => self.details.avatar(member),
        }
    }

    /// Returns the only member with this UserName, with this shown name or, if there is none, with
    /// this nickname.
    fn only(&self, wanted: &Addressee) -> Result<&Member, Problem> {
        let members = || self.details.members.iter();
        let found: Vec<_> = match wanted {
            Addressee::Recipient(to) => {
                members().filter(|member| member.user_name == *to.user_name()).collect()
            }
            Addressee::Name(name) => {
                let is_shown = |member: &&Member| is_same_name(self.name(member), name);
                let found: Vec<_> = members().filter(is_shown).collect();
                let is_nick = |member: &&Member| is_same_name(&member.nick_name, name);
                if found.is_empty() { members().filter(is_nick).collect() } else { found }
            }
        };
        let message = match found[..] {
            [member] => return Ok(member),
            [] => "no member of the room has this name".to_owned(),
            _ => format!("{} members have this name", found.len()),
        };
        let problem = Problem::local(message, Advice::CheckRecipient);
        Err(problem.hint("wx contacts --members shows the members with their UserNames"))
    }
}

/// Returns the avatar of a member of a room.
pub(super) fn member_avatar(
    member: &Addressee,
    room: &Addressee,
    client: &Client,
    report: &Report,
) -> Result<Avatar, Problem> {
    let in_room = |problem: Problem| problem.about(format_args!("--member-of {room}"));
    let members = Members::of(room, client, report).map_err(in_room)?;
    members.only(member).map(|member| members.avatar(member))
}

/// Reports the members of a room, in the server's order.
fn tell_members(room: &Addressee, client: &Client, report: &Report) -> Result<(), Problem> {
    let in_room = |problem: Problem| problem.about(format_args!("--members {room}"));
    let members = Members::of(room, client, report).map_err(in_room)?;
    for member in &members.details.members {
        let name = members.name(member);
        let nick = match name == member.nick_name {
            true => String::new(),
            false => format!(" ({})", member.nick_name),
        };
        let event = event::member(&members.room, member, name, &members.avatar(member));
        report.tell(&format!("{name}{nick}: {}", member.user_name), &event);
    }
    Ok(())
}
