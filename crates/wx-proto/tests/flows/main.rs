//! The flows in virtual time, against a scripted server: no I/O, a bounded number of steps in every
//! test.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

mod bounds;
mod clock;
#[path = "../fuzz_bodies/contact_list.rs"]
mod contact_list;
mod contract;
mod cuts;
mod echoes;
mod fetch;
mod file_helper;
mod hostile;
mod interleaved;
mod kept_login;
mod kinds;
mod lent;
mod limits;
mod login;
mod login_page;
mod logout;
mod memory;
mod message;
#[path = "../fuzz_bodies/message_list.rs"]
mod message_list;
mod messages;
mod odd_bytes;
mod official_page;
mod parity;
mod progress;
mod properties;
mod refused_login;
mod resend_within;
mod resume;
mod reused;
mod secrets;
mod sim;
#[path = "../fuzz_bodies/spoiled.rs"]
mod spoiled;
mod traced;
mod trouble;
mod upload;
mod world;
