//! A server with many recipients.

use wx_emulator::{Builder, Emulator};
use wx_proto::Recipient;

/// Enough recipients for every combination of faults, as the tests check.
pub(crate) const RECIPIENTS: usize = 15;

/// Returns a server with enough contacts.
pub(crate) fn server_of_many() -> Emulator {
    let named = |builder: Builder, n: usize| builder.contact(format!("Contact {n}"), "");
    (0..RECIPIENTS).fold(Emulator::builder(), named).start().unwrap()
}

/// Returns the contacts of the server, each with a key.
pub(crate) fn recipients(server: &Emulator) -> Vec<(String, Recipient)> {
    let keyed = |(n, name): (usize, &str)| (format!("key {n}"), Recipient::new(name).unwrap());
    server.contacts().enumerate().map(keyed).collect()
}
