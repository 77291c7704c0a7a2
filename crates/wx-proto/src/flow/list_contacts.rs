use std::collections::BTreeSet;
use std::time::Duration;

use super::repeating::Repeating;
use super::{Action, CallId, Flow, Input, Progress, UnexpectedInput};
use crate::endpoint::Endpoint;
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
pub struct ListContacts {
    session: Session,
    unix_ms: u64,
    policy: Policy,
    contacts: Vec<Contact>,
    skipped: Skipped,
    known: BTreeSet<UserName>,
    pages: u32,
    stage: Stage,
}

/// The contacts of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedContacts {
    /// The contacts, in the server's order.
    pub contacts: Items<Contact>,
    /// Contacts that came and could not be handed out.
    pub skipped: Skipped,
}

#[derive(Debug)]
enum Stage {
    Page(Box<Repeating>),
    Done(Result<ListedContacts, Box<Error>>),
}

/// As many pages as the official page asks for (§8.4).
const PAGES: u32 = 17;

impl ListContacts {
    /// Lists those of `session`.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        let session = session.clone();
        let stage = page(0, CallId::FIRST, &session, seed.unix_ms, &policy)
            .map_err(|error| Error { step: Step::Prepare, ..error })?;
        Ok(Self {
            session,
            unix_ms: seed.unix_ms,
            policy,
            contacts: Vec::new(),
            skipped: Skipped::default(),
            known: BTreeSet::new(),
            pages: 1,
            stage,
        })
    }

    fn listed(&mut self, page_got: Contacts, next_id: CallId) {
        self.skipped += page_got.skipped;
        for contact in page_got.contacts {
            if self.known.insert(contact.user_name.clone()) {
                self.contacts.push(contact);
            }
        }
        self.stage = if page_got.seq == 0 || self.pages >= PAGES {
            let contacts = std::mem::take(&mut self.contacts).into();
            Stage::Done(Ok(ListedContacts { contacts, skipped: self.skipped }))
        } else {
            self.pages += 1;
            page(page_got.seq, next_id, &self.session, self.unix_ms, &self.policy)
                .unwrap_or_else(|error| Stage::Done(Err(Box::new(error))))
        };
    }
}

fn page(
    seq: u64,
    id: CallId,
    session: &Session,
    unix_ms: u64,
    policy: &Policy,
) -> Result<Stage, Error> {
    let call = GetContact::new(seq, unix_ms);
    let request = call.request(session).map_err(|unready| Error::new(Step::Contacts, unready))?;
    let repeating = Repeating::new(id, request.for_call(policy)).for_lists();
    Ok(Stage::Page(Box::new(repeating)))
}

impl Flow for ListContacts {
    type Output = Result<ListedContacts, Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        match &mut self.stage {
            Stage::Page(call) => call.poll(now),
            Stage::Done(done) => Action::Done(done.clone().map_err(|error| *error)),
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        let Stage::Page(repeating) = &mut self.stage else { return Err(UnexpectedInput) };
        let ended = repeating.handle(input, now, &self.policy, GetContact::read)?;
        let next_id = repeating.next_id();
        match ended {
            None => {}
            Some(Ok(page)) => self.listed(page, next_id),
            Some(Err(kind)) => {
                self.stage = Stage::Done(Err(Box::new(Error::new(Step::Contacts, kind))))
            }
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        let at = Progress::at(Step::Contacts, 0);
        match &self.stage {
            Stage::Page(call) => call.progress(at),
            Stage::Done(_) => at,
        }
    }

    fn cancel(&mut self) {
        if !matches!(self.stage, Stage::Done(_)) {
            self.stage =
                Stage::Done(Err(Box::new(Error::new(Step::Contacts, ErrorKind::Cancelled))));
        }
    }
}
