use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Chain, FollowedBy};
use super::job::{Cx, Fail, Job, Next, Reply, Transition};
use super::list_contacts::{ListedContacts, Pages};
use super::newtype::flow;
use super::restore::Restoring;
use super::retry::Retry;
use super::runner::Runner;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::batch_get_contact::{BatchGetContact, CONTACTS_PER_CALL, FoundContacts};
use crate::model::contact::Contact;
use crate::model::error::{Error, ErrorKind};
use crate::model::ids::UserName;
use crate::model::items::Items;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::ret::RetClass;
use crate::model::seed::Seed;
use crate::model::skipped::Skipped;
use crate::model::step::Step;
use crate::session::Session;

/// Lists the rooms of an account with their members ([P92](crate::protocol#p92)).
///
/// No call lists all rooms. These are the rooms that are saved to the contacts, those of the recent
/// conversations, and those that have been named since by changes or by messages. A room that is
/// neither saved nor used cannot be found: save it on the phone, or let somebody write in it.
///
/// ```text
///   webwxinit, unless this session already knows the recent conversations
///     └─► webwxgetcontact, page by page ─► webwxbatchgetcontact, 50 rooms per call ─► Done
/// ```
#[derive(Debug)]
pub struct ListRooms(Runner<Chain<Restoring, Listing>>);

/// The rooms of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedRooms {
    /// The rooms. Those that are saved to the contacts come first.
    pub rooms: Items<Contact>,
    /// The rooms that the server no longer knows, such as those that the account has left.
    pub missing: Items<UserName>,
    /// The people and accounts of the contact list, whose remark names are the names of members.
    /// It is empty if only [some rooms](ListRooms::named) were requested.
    pub people: Items<Contact>,
    /// The contacts and rooms that could not be parsed or exceeded the limit.
    pub skipped: Skipped,
}

impl ListRooms {
    /// Lists the rooms of `session`.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if nobody is logged in. Nothing is sent in that
    /// case.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        let job = match session.has_recent_rooms() {
            true => Chain::second(all()),
            false => Chain::first(Restoring::new(seed, policy.chunk_tries)),
        };
        Runner::for_login(job, session, seed, policy).map(Self)
    }

    /// Requests these rooms with their members.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if nobody is logged in. Nothing is sent in that
    /// case.
    pub fn named(
        session: &Session,
        rooms: impl IntoIterator<Item = UserName>,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let mut details = Details { named: true, ..Details::default() };
        details.add(rooms);
        let job = Chain::second(Chain::second(details));
        Runner::for_login(job, session, seed, policy).map(Self)
    }
}

flow!(ListRooms(Chain<Restoring, Listing>) -> ListedRooms);

type Listing = Chain<Pages, Details>;

fn all() -> Listing {
    Chain::first(Pages::default())
}

/// The maximum number of rooms, and of all their members.
const ROOMS: usize = 2_000;
const MEMBERS: usize = 200_000;
/// The sizes of a call after the server has refused a larger one, as on the official page
/// ([§11.10](crate::protocol#s11-10)).
const SMALLER: [usize; 3] = [10, 5, 1];

#[derive(Debug, Default)]
pub(super) struct Details {
    /// Whether only certain rooms were requested.
    named: bool,
    /// The rooms to request. The first `done` of them have been requested.
    order: Vec<UserName>,
    known: BTreeSet<UserName>,
    done: usize,
    /// The number of rooms per call.
    size: usize,
    /// Whether a call was successful.
    has_succeeded: bool,
    found: BTreeMap<UserName, Contact>,
    people: Vec<Contact>,
    members: usize,
    skipped: Skipped,
}

/// webwxinit is called first if the recent conversations are not known.
impl FollowedBy<Listing> for Restoring {
    fn follow(&mut self, (): (), _: &Cx<'_>) -> Listing {
        all()
    }
}

impl FollowedBy<Details> for Pages {
    fn follow(&mut self, listed: ListedContacts, _: &Cx<'_>) -> Details {
        let mut details = Details { skipped: listed.skipped, ..Details::default() };
        for contact in listed.contacts {
            if contact.is_room() {
                details.add([contact.user_name.clone()]);
                details.keep(contact);
            } else {
                details.people.push(contact);
            }
        }
        details
    }
}

impl Details {
    fn add(&mut self, rooms: impl IntoIterator<Item = UserName>) {
        for name in rooms {
            if self.known.contains(&name) {
                continue;
            }
            if self.order.len() == ROOMS {
                self.skipped.over_limit += 1;
                continue;
            }
            self.known.insert(name.clone());
            self.order.push(name);
        }
    }

    /// Keeps a room that was requested, with as many members as the limit allows.
    fn keep(&mut self, mut contact: Contact) {
        if !self.known.contains(&contact.user_name) {
            return;
        }
        if let Some(room) = &mut contact.room {
            let over = room.members.len().saturating_sub(MEMBERS - self.members);
            room.members.truncate(room.members.len() - over);
            room.skipped.over_limit += over as u64;
            self.members += room.members.len();
        }
        let earlier = self.found.insert(contact.user_name.clone(), contact);
        self.members -= earlier.and_then(|contact| contact.room).map_or(0, |it| it.members.len());
    }

    fn batch(&self) -> &[UserName] {
        let rest = &self.order[self.done..];
        &rest[..rest.len().min(self.size)]
    }

    fn next(&mut self, cx: &Cx<'_>) -> Next<ListedRooms> {
        if self.done < self.order.len() {
            return Next::Call(Retry::list(cx.policy));
        }
        let (mut rooms, mut missing) = (Vec::new(), Vec::new());
        for name in std::mem::take(&mut self.order) {
            match self.found.remove(&name) {
                Some(room) => rooms.push(room),
                None => missing.push(name),
            }
        }
        Next::Done(ListedRooms {
            rooms: rooms.into(),
            missing: missing.into(),
            people: std::mem::take(&mut self.people).into(),
            skipped: self.skipped,
        })
    }
}

impl Job for Details {
    type Output = ListedRooms;

    fn settle(&mut self, session: &mut Session, cx: &Cx<'_>) -> Transition<ListedRooms> {
        if !self.named {
            self.add(session.rooms().cloned());
        }
        self.size = CONTACTS_PER_CALL;
        Ok(self.next(cx))
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        let names = self.batch().iter().cloned();
        Ok(BatchGetContact::new(names, cx.seed.later(cx.time)).request(session)?)
    }

    fn reply(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<ListedRooms, Fail> {
        let FoundContacts { contacts, skipped } = BatchGetContact::read(reply)?;
        self.skipped += skipped;
        for contact in contacts {
            self.keep(contact);
        }
        self.has_succeeded = true;
        self.done += self.batch().len();
        Ok(self.next(cx))
    }

    fn failed(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Transition<ListedRooms> {
        let is_refused = matches!(
            &kind,
            ErrorKind::Reply(ReplyError::Refused { ret, .. })
                if matches!(ret.class(), RetClass::Transient | RetClass::Permanent)
        );
        let requested = self.batch().len();
        match SMALLER.into_iter().find(|size| *size < requested) {
            Some(size) if is_refused => {
                self.size = size;
                Ok(Next::Call(Retry::list(cx.policy)))
            }
            // A single room that the server refuses, such as one that the account has left, is
            // missing. The others are listed.
            None if is_refused && self.has_succeeded => {
                (self.done, self.size) = (self.done + requested, CONTACTS_PER_CALL);
                Ok(self.next(cx))
            }
            _ => Err(kind),
        }
    }

    fn step(&self) -> Step {
        Step::Contacts
    }
}
