//! The state of the login, and logins in progress.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::model::phone_step::PhoneStep;
use crate::model::profile::Profile;
use crate::model::random;

/// The progress from a QR code to a login.
pub(crate) struct Logins {
    script: Vec<PhoneStep>,
    /// Index of the next step of the script. The last step repeats.
    next: usize,
    /// The codes that are still valid, and the page for which each was requested.
    codes: HashMap<String, Page>,
    tickets: HashMap<String, Page>,
    state: State,
    /// When the login began or was last renewed.
    renewed: Instant,
    lifetime: Duration,
    /// The page of the last login.
    pub(crate) profile: Profile,
}

/// The page of a login, and the origin of its `redirect_uri`.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) profile: Profile,
    pub(crate) origin: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    In,
    /// The client has logged out.
    Out,
    /// The phone has ended the login, or it was not renewed in time.
    EndedByPhone,
}

/// The result of one poll of a login.
pub(crate) enum PollResult {
    Nothing,
    Scanned,
    Confirmed { ticket: String, origin: String },
    Code(u16),
}

impl Logins {
    /// Creates the state of a new server. The account is logged in, because the session that the
    /// server provides has to be valid.
    pub(crate) fn new(script: Vec<PhoneStep>, profile: Profile, lifetime: Duration) -> Self {
        let script = if script.is_empty() {
            vec![PhoneStep::Nothing, PhoneStep::Scanned, PhoneStep::Confirmed]
        } else {
            script
        };
        let (codes, tickets) = (HashMap::new(), HashMap::new());
        let (state, renewed) = (State::In, Instant::now());
        Logins { script, next: 0, codes, tickets, state, renewed, lifetime, profile }
    }

    /// Returns the uuid of a new QR code. If the script has ended, it starts again from its
    /// beginning.
    pub(crate) fn begin(&mut self, page: Page) -> String {
        let uuid = format!("{}==", random::token(10));
        if self.next >= self.script.len() {
            self.next = 0;
        }
        self.codes.insert(uuid.clone(), page);
        uuid
    }

    /// Advances the script by one step.
    pub(crate) fn poll(&mut self, uuid: &str) -> PollResult {
        let Some(page) = self.codes.get(uuid).cloned() else { return PollResult::Code(400) };
        let step = self.script[self.next.min(self.script.len() - 1)];
        self.next += 1;
        let code = match step {
            PhoneStep::Nothing => return PollResult::Nothing,
            PhoneStep::Scanned => return PollResult::Scanned,
            PhoneStep::Confirmed => {
                let origin = page.origin.clone();
                return PollResult::Confirmed { ticket: self.ticket(page), origin };
            }
            PhoneStep::Refused => 202,
            PhoneStep::Expired => 400,
            PhoneStep::ServerProblem => 500,
        };
        self.codes.remove(uuid);
        PollResult::Code(code)
    }

    /// Returns the codes and tickets of logins in progress, which are secrets while they are valid.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.codes.keys().chain(self.tickets.keys()).map(String::as_str)
    }

    /// Returns the state of the login, which has ended if it was not renewed in time.
    pub(crate) fn state(&self) -> State {
        match self.state {
            State::In if self.renewed.elapsed() > self.lifetime => State::EndedByPhone,
            state => state,
        }
    }

    pub(crate) fn is_in(&self) -> bool {
        self.state() == State::In
    }

    /// Ends the login.
    pub(crate) fn end(&mut self, state: State) {
        self.state = state;
    }

    /// Renews the login, as each webwxsync does.
    pub(crate) fn renew(&mut self) {
        self.renewed = Instant::now();
    }

    /// Creates a ticket that webwxnewloginpage exchanges for a login.
    pub(crate) fn ticket(&mut self, page: Page) -> String {
        let ticket = format!("{}@qrticket_0", random::token(24));
        self.tickets.insert(ticket.clone(), page);
        ticket
    }

    /// Returns the page for which a ticket was created.
    pub(crate) fn page_of(&self, ticket: &str) -> Option<Page> {
        self.tickets.get(ticket).cloned()
    }

    /// Completes a login.
    pub(crate) fn finish(&mut self, profile: Profile) {
        (self.state, self.profile) = (State::In, profile);
        self.renew();
    }
}
