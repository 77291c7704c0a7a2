//! The emulator seen from outside, over plain sockets.

#![allow(clippy::unwrap_used, clippy::type_complexity, reason = "helpers and tables of tests")]

#[path = "emulator/client.rs"]
mod client;
#[path = "emulator/page.rs"]
mod page;
#[path = "emulator/pictures.rs"]
mod pictures;

#[path = "emulator/capture.rs"]
mod capture;

#[path = "emulator/arrivals.rs"]
mod arrivals;
#[path = "emulator/faults.rs"]
mod faults;
#[path = "emulator/logins.rs"]
mod logins;
#[path = "emulator/more_calls.rs"]
mod more_calls;
#[path = "emulator/names.rs"]
mod names;
#[path = "emulator/odd_clients.rs"]
mod odd_clients;
#[path = "emulator/other_clients.rs"]
mod other_clients;
#[path = "emulator/refusals.rs"]
mod refusals;
#[path = "emulator/repeats.rs"]
mod repeats;
#[path = "emulator/sending.rs"]
mod sending;
