//! The flows in virtual time, against a scripted server: no I/O, a bounded number of steps in every test.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

mod contract;
mod cuts;
mod fetch;
mod file_helper;
mod login;
mod login_page;
mod message;
mod messages;
mod official_page;
mod parity;
mod properties;
mod resend_within;
mod resume;
mod reused;
mod secrets;
mod traced;
mod trouble;
mod upload;
mod world;
