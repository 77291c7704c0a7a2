//! Logins under way and whether the account is logged in.

use std::collections::HashMap;

use crate::random;

/// The ladder from a QR code to a login.
pub(crate) struct Logins {
    polls: HashMap<String, u32>,
    tickets: Vec<String>,
    logged_in: bool,
}

/// What a poll is told.
pub(crate) enum Step {
    Nothing,
    Scanned,
    Confirmed { ticket: String },
    Unknown,
}

impl Default for Logins {
    /// Logged in from the start: the session handed out with the server is a living one.
    fn default() -> Self {
        Logins { polls: HashMap::new(), tickets: Vec::new(), logged_in: true }
    }
}

impl Logins {
    /// A new uuid, as inside a QR code.
    pub(crate) fn begin(&mut self) -> String {
        let uuid = format!("{}==", random::token(10));
        self.polls.insert(uuid.clone(), 0);
        uuid
    }

    /// The phone does its part by itself: nothing at the first poll, scanned at the second, confirmed from the third on.
    pub(crate) fn poll(&mut self, uuid: &str) -> Step {
        let Some(polls) = self.polls.get_mut(uuid) else { return Step::Unknown };
        *polls += 1;
        match *polls {
            1 => Step::Nothing,
            2 => Step::Scanned,
            _ => {
                let ticket = format!("{}@qrticket_0", random::token(24));
                self.tickets.push(ticket.clone());
                Step::Confirmed { ticket }
            }
        }
    }

    /// Trades a ticket for a login.
    pub(crate) fn finish(&mut self, ticket: &str) -> bool {
        let known = self.tickets.iter().any(|t| t == ticket);
        self.logged_in |= known;
        known
    }

    pub(crate) fn log_out(&mut self) {
        self.logged_in = false;
    }

    pub(crate) fn is_logged_in(&self) -> bool {
        self.logged_in
    }
}
