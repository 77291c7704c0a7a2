//! Logins under way and whether the account is logged in.

use std::collections::HashMap;

use crate::emulator::Profile;
use crate::random;
use crate::scan::Scan;

/// The ladder from a QR code to a login.
pub(crate) struct Logins {
    script: Vec<Scan>,
    /// The next step of the script; its last one repeats.
    next: usize,
    /// Codes that have not come to an end, with the page they are for.
    codes: HashMap<String, Page>,
    tickets: HashMap<String, Page>,
    pub(crate) state: State,
    /// Which page the last login is of.
    pub(crate) profile: Profile,
}

/// What a login is for, and where its `redirect_uri` leads.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) profile: Profile,
    pub(crate) origin: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    In,
    /// By the client.
    Out,
    /// By the phone.
    Kicked,
}

/// What a poll is told.
pub(crate) enum Step {
    Nothing,
    Scanned,
    Confirmed { ticket: String, origin: String },
    Code(u16),
}

impl Logins {
    /// Logged in from the start: the session handed out with the server is a living one.
    pub(crate) fn new(script: Vec<Scan>, profile: Profile) -> Self {
        let script =
            if script.is_empty() { vec![Scan::Nothing, Scan::Scanned, Scan::Confirmed] } else { script };
        let (codes, tickets) = (HashMap::new(), HashMap::new());
        Logins { script, next: 0, codes, tickets, state: State::In, profile }
    }

    /// A new uuid, as inside a QR code. Once a login came to its end, the phone plays its part from the beginning.
    pub(crate) fn begin(&mut self, page: Page) -> String {
        let uuid = format!("{}==", random::token(10));
        if self.next >= self.script.len() {
            self.next = 0;
        }
        self.codes.insert(uuid.clone(), page);
        uuid
    }

    pub(crate) fn poll(&mut self, uuid: &str) -> Step {
        let Some(page) = self.codes.get(uuid).cloned() else { return Step::Code(400) };
        let scan = self.script[self.next.min(self.script.len() - 1)];
        self.next += 1;
        let code = match scan {
            Scan::Nothing => return Step::Nothing,
            Scan::Scanned => return Step::Scanned,
            Scan::Confirmed => {
                let origin = page.origin.clone();
                return Step::Confirmed { ticket: self.ticket(page), origin };
            }
            Scan::Refused => 202,
            Scan::Expired => 400,
            Scan::Trouble => 500,
        };
        self.codes.remove(uuid);
        Step::Code(code)
    }

    /// The codes and tickets of logins, which are as good as secrets.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.codes.keys().chain(self.tickets.keys()).map(String::as_str)
    }

    pub(crate) fn is_in(&self) -> bool {
        self.state == State::In
    }

    /// What a login page takes.
    pub(crate) fn ticket(&mut self, page: Page) -> String {
        let ticket = format!("{}@qrticket_0", random::token(24));
        self.tickets.insert(ticket.clone(), page);
        ticket
    }

    /// The page that a ticket is for.
    pub(crate) fn page_of(&self, ticket: &str) -> Option<Page> {
        self.tickets.get(ticket).cloned()
    }

    /// Trades a ticket for a login.
    pub(crate) fn finish(&mut self, profile: Profile) {
        (self.state, self.profile) = (State::In, profile);
    }
}
