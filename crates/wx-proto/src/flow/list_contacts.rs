use std::collections::BTreeSet;

use super::job::{Cx, Fail, Job, Next, Reply, Transition};
use super::newtype::flow;
use super::retry::Retry;
use super::runner::Runner;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::get_contact::{Contacts, GetContact};
use crate::model::contact::Contact;
use crate::model::error::{Error, ErrorKind};
use crate::model::ids::UserName;
use crate::model::items::Items;
use crate::model::policy::Policy;
use crate::model::seed::Seed;
use crate::model::skipped::Skipped;
use crate::model::step::Step;
use crate::session::Session;

/// Lists the contacts, page by page and without duplicates. These are people, accounts and the
/// rooms that are saved to the contacts, without their members; [`ListRooms`](super::ListRooms)
/// lists all rooms.
#[derive(Debug)]
pub struct ListContacts(Runner<Pages>);

/// The contacts of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedContacts {
    /// The contacts, in the server's order.
    pub contacts: Items<Contact>,
    /// The contacts that could not be parsed or exceeded the limit.
    pub skipped: Skipped,
}

impl ListContacts {
    /// Lists the contacts of `session`.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if nobody is logged in. Nothing is sent in that
    /// case.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        Runner::for_login(Pages::default(), session, seed, policy).map(Self)
    }
}

flow!(ListContacts(Pages) -> ListedContacts);

#[derive(Debug, Default)]
pub(super) struct Pages {
    contacts: Vec<Contact>,
    skipped: Skipped,
    known: BTreeSet<UserName>,
    /// The pages that were requested. The last one is the current page.
    seqs: Vec<u64>,
}

/// The maximum number of pages, as in the official page ([§8.4](crate::protocol#s8-4)).
const PAGES: usize = 17;

impl Job for Pages {
    type Output = ListedContacts;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Transition<ListedContacts> {
        self.seqs.push(0);
        Ok(Next::Call(Retry::list(cx.policy)))
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(GetContact::new(self.seqs.last().copied().unwrap_or_default(), cx.seed.unix_ms)
            .request(session)?)
    }

    fn reply(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<ListedContacts, Fail> {
        let Contacts { contacts, skipped, next_seq } = GetContact::read(reply)?;
        self.skipped += skipped;
        for contact in contacts {
            if self.known.insert(contact.user_name.clone()) {
                self.contacts.push(contact);
            }
        }
        // A server that repeats itself would otherwise send the same pages for ever.
        let is_new = |seq: &u64| self.seqs.len() < PAGES && !self.seqs.contains(seq);
        if let Some(seq) = next_seq.filter(is_new) {
            self.seqs.push(seq);
            return Ok(Next::Call(Retry::list(cx.policy)));
        }
        let contacts = std::mem::take(&mut self.contacts).into();
        Ok(Next::Done(ListedContacts { contacts, skipped: self.skipped }))
    }

    fn step(&self) -> Step {
        Step::Contacts
    }
}
