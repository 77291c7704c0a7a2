use std::collections::BTreeSet;

use bytes::Bytes;
use http::Response;

use super::Progress;
use super::job::{Cx, Fail, Job, Next};
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

/// Lists the contacts, page by page, each of them once.
#[derive(Debug)]
pub struct ListContacts(Runner<Pages>);

/// The contacts of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedContacts {
    /// The contacts, in the server's order.
    pub contacts: Items<Contact>,
    /// Contacts that came and could not be handed out.
    pub skipped: Skipped,
}

impl ListContacts {
    /// Lists those of `session`.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        session.check_login().map_err(|unready| Error::new(Step::Prepare, unready))?;
        Ok(Self(Runner::new(Pages::default(), session, seed, policy)))
    }
}

flow!(ListContacts(Pages) -> ListedContacts);

#[derive(Debug, Default)]
struct Pages {
    contacts: Vec<Contact>,
    skipped: Skipped,
    known: BTreeSet<UserName>,
    /// Pages that have been read, and where the next one begins.
    read: u32,
    seq: u64,
}

/// As many pages as the official page asks for (§8.4).
const PAGES: u32 = 17;

impl Job for Pages {
    type Output = ListedContacts;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Result<Next<ListedContacts>, ErrorKind> {
        Ok(Next::Call(Retry::list(cx.policy)))
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(GetContact::new(self.seq, cx.seed.unix_ms).request(session)?)
    }

    fn reply(
        &mut self,
        reply: &Response<Bytes>,
        cx: &Cx<'_>,
    ) -> Result<Next<ListedContacts>, Fail> {
        let Contacts { contacts, skipped, seq } = GetContact::read(reply)?;
        self.skipped += skipped;
        for contact in contacts {
            if self.known.insert(contact.user_name.clone()) {
                self.contacts.push(contact);
            }
        }
        (self.read, self.seq) = (self.read + 1, seq);
        if seq != 0 && self.read < PAGES {
            return Ok(Next::Call(Retry::list(cx.policy)));
        }
        let contacts = std::mem::take(&mut self.contacts).into();
        Ok(Next::Done(ListedContacts { contacts, skipped: self.skipped }))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(Step::Contacts, kind)
    }

    fn progress(&self) -> Progress {
        Progress::new(Step::Contacts, 0)
    }
}
