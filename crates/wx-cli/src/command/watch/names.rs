//! The names of senders, recipients and rooms, which are requested when they are first needed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use wx_proto::{Contact, Message, Profile, UserName};

use crate::args::Addressee;
use crate::client::Client;
use crate::event::MessageNames;
use crate::problem::Problem;
use crate::report::Report;

/// The names that the server has sent. Lists of names are requested again after [`LONGEST`], those
/// that lack a name after [`AGAIN`], and so is everything after an error.
pub(super) struct Names<'a> {
    client: &'a Client,
    report: &'a Report,
    own: Option<(UserName, String)>,
    contacts: Option<ContactNames>,
    rooms: BTreeMap<UserName, RoomNames>,
    failed_at: Option<Instant>,
}

struct ContactNames {
    listed_at: Instant,
    names: BTreeMap<UserName, ContactName>,
}

struct ContactName {
    name: String,
    is_remark: bool,
}

struct RoomNames {
    listed_at: Instant,
    name: String,
    members: BTreeMap<UserName, String>,
}

/// How long a list of names is not requested again. Anyone can send messages under unknown names.
const AGAIN: Duration = Duration::from_secs(3600);
/// How long a list of names is used. Names change.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// The names of this many rooms and members are kept, besides those of the latest messages.
const MOST_ROOMS: usize = 1000;
const MOST_MEMBERS: usize = 100_000;

impl<'a> Names<'a> {
    /// Returns no names but that of the account.
    pub(super) fn new(client: &'a Client, report: &'a Report) -> Self {
        let session = client.session();
        let own = session.user_name().cloned().zip(session.nick_name().map(str::to_owned));
        let (contacts, rooms, failed_at) = (None, BTreeMap::new(), None);
        Self { client, report, own, contacts, rooms, failed_at }
    }

    /// Takes over the contact list.
    pub(super) fn set_contacts(&mut self, contacts: &[Contact]) {
        let names = contacts.iter().map(|contact| {
            let is_remark = contact.remark_name.is_some();
            (contact.user_name.clone(), ContactName { name: contact.name().into(), is_remark })
        });
        self.contacts = Some(ContactNames { listed_at: Instant::now(), names: names.collect() });
    }

    /// Requests the names that these messages need. If that fails, they are reported without.
    pub(super) fn prepare(&mut self, messages: &[&Message]) {
        // The page of the File Transfer Helper requests no names.
        let is_helper = self.client.session().site().profile() == Profile::FileHelper;
        if is_helper || self.failed_at.is_some_and(|at| at.elapsed() < AGAIN) {
            return;
        }
        let listed = self.list(messages);
        self.failed_at = listed.is_err().then(Instant::now);
        if let Err(problem) = listed
            && !self.report.stopped()
        {
            self.report.count_limit(&problem);
            self.report.warn(&format!(
                "the names of contacts could not be requested, so UserNames are shown for the next \
                 hour: {}",
                problem.message
            ));
        }
    }

    fn list(&mut self, messages: &[&Message]) -> Result<(), Problem> {
        let lacks = |name: &Option<UserName>| {
            name.as_ref().is_some_and(|name| !name.is_room() && self.name(name).is_none())
        };
        let is_any_lacking =
            || messages.iter().any(|message| lacks(&message.from) || lacks(&message.to));
        let is_due = match &self.contacts {
            // Remarks also name the members of rooms.
            None => is_any_lacking() || messages.iter().any(|message| message.room().is_some()),
            Some(contacts) => is_due(contacts.listed_at.elapsed(), is_any_lacking),
        };
        if is_due {
            let (contacts, _) = self.client.contacts(self.report.options())?;
            self.set_contacts(&contacts);
        }
        let rooms: BTreeSet<_> = messages
            .iter()
            .filter_map(|message| {
                let room = message.room()?;
                self.is_room_due(room, message.sender.as_ref()).then(|| room.clone())
            })
            .collect();
        if rooms.is_empty() {
            return Ok(());
        }
        self.forget_oldest();
        let named = rooms.iter().cloned().collect();
        let listed = self.client.rooms(Some(named), self.report.options())?;
        let listed_at = Instant::now();
        // The server may not know a room any more.
        self.rooms.extend(rooms.into_iter().map(|room| {
            (room, RoomNames { listed_at, name: String::new(), members: BTreeMap::new() })
        }));
        for room in &listed.rooms {
            let members = room.room.iter().flat_map(|details| &details.members);
            let members = members.map(|member| {
                let name = member.name(self.remark(&member.user_name)).to_owned();
                (member.user_name.clone(), name)
            });
            let members = members.collect();
            let names = RoomNames { listed_at, name: room.name().into(), members };
            self.rooms.insert(room.user_name.clone(), names);
        }
        Ok(())
    }

    /// Forgets the rooms that were listed first, until few enough are left.
    fn forget_oldest(&mut self) {
        let ages = self.rooms.iter().map(|(room, names)| (names.listed_at, room.clone()));
        let mut ages: Vec<_> = ages.collect();
        ages.sort();
        let mut members: usize = self.rooms.values().map(|names| names.members.len()).sum();
        for (_, room) in ages {
            if self.rooms.len() <= MOST_ROOMS && members <= MOST_MEMBERS {
                break;
            }
            members -= self.rooms.remove(&room).map_or(0, |names| names.members.len());
        }
    }

    fn is_room_due(&self, room: &UserName, sender: Option<&UserName>) -> bool {
        self.rooms.get(room).is_none_or(|names| {
            is_due(names.listed_at.elapsed(), || {
                sender.is_some_and(|sender| !names.members.contains_key(sender))
            })
        })
    }

    /// Returns the names that are known.
    pub(super) fn of(&self, message: &Message) -> MessageNames {
        let name = |user: &Option<UserName>| self.name(user.as_ref()?).map(str::to_owned);
        let member = || {
            let (room, sender) = (message.room()?, message.sender.as_ref()?);
            self.rooms.get(room)?.members.get(sender).filter(|name| !name.is_empty()).cloned()
        };
        MessageNames {
            from: name(&message.from),
            to: name(&message.to),
            sender: member().or_else(|| name(&message.sender)),
        }
    }

    fn name<'n>(&'n self, user: &'n UserName) -> Option<&'n str> {
        // Its name in the contact list depends on the language.
        if let Some(helper) = Addressee::name_in(user.as_str()) {
            return Some(helper);
        }
        let own = self.own.as_ref().filter(|(own, _)| own == user).map(|(_, name)| &**name);
        let room = || Some(&*self.rooms.get(user)?.name).filter(|name| !name.is_empty());
        let contact = || Some(&*self.contact(user)?.name);
        own.or_else(room).or_else(contact).filter(|name| !name.is_empty())
    }

    fn remark(&self, user: &UserName) -> Option<&str> {
        self.contact(user).filter(|contact| contact.is_remark).map(|contact| &*contact.name)
    }

    fn contact(&self, user: &UserName) -> Option<&ContactName> {
        self.contacts.as_ref()?.names.get(user)
    }
}

/// Returns whether a list of this age is requested again.
fn is_due(age: Duration, lacks_a_name: impl FnOnce() -> bool) -> bool {
    age >= LONGEST || age >= AGAIN && lacks_a_name()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Args, Transport};

    /// Anyone can add the account to rooms, and a room can have thousands of members.
    #[test]
    fn the_names_of_old_rooms_are_forgotten() {
        let report = Report::new(&Args::parse_from(["wx", "demo"]).global, Vec::new());
        let session = wx_proto::Session::builder("https://wx.qq.com").uin(1).user_name("@me");
        let policy = wx_proto::Policy::default();
        let client = Client::new(Transport::Ureq, session.build().unwrap(), policy).unwrap();
        let mut names = Names::new(&client, &report);
        let begun = Instant::now();
        let add = |names: &mut Names<'_>, range: std::ops::Range<u64>, members: usize| {
            for at in range {
                let name = |text: String| UserName::new(text).unwrap();
                let member = |number| (name(format!("@{number}")), String::new());
                let listed = RoomNames {
                    listed_at: begun + Duration::from_secs(at),
                    name: String::new(),
                    members: (0..members).map(member).collect(),
                };
                names.rooms.insert(name(format!("@@{}", 9999 - at)), listed);
            }
        };
        let oldest = |names: &Names<'_>| {
            names.rooms.values().map(|room| (room.listed_at - begun).as_secs()).min()
        };
        add(&mut names, 0..1200, 1);
        names.forget_oldest();
        assert_eq!((names.rooms.len(), oldest(&names)), (MOST_ROOMS, Some(200)));
        add(&mut names, 1200..1203, 40_000);
        names.forget_oldest();
        assert_eq!((names.rooms.len(), oldest(&names)), (2, Some(1201)));
    }

    #[test]
    fn names_that_nobody_has_cost_a_request_an_hour() {
        let second = Duration::from_secs(1);
        for (age, lacking, complete) in [
            (Duration::ZERO, false, false),
            (AGAIN - second, false, false),
            (AGAIN, true, false),
            (LONGEST - second, true, false),
            (LONGEST, true, true),
        ] {
            assert_eq!((is_due(age, || true), is_due(age, || false)), (lacking, complete));
        }
    }
}
