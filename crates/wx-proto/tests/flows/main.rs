//! The flows in virtual time, against a scripted server: no I/O, a bounded number of steps in every test.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

mod bounds;
mod clock;
mod contract;
mod cuts;
mod echoes;
mod fetch;
mod file_helper;
mod login;
mod login_page;
mod message;
mod messages;
mod official_page;
mod parity;
mod properties;
mod resume;
mod reused;
mod secrets;
mod traced;
mod upload;
mod world;
