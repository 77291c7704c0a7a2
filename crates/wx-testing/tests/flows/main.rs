//! The flows in virtual time, against a scripted server: without I/O, and with a bounded number of
//! steps in every test.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod bounds;
mod browser_parity;
mod changing_source;
mod checkpoints;
mod clock;
mod contacts;
mod contract;
mod corpus;
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
mod login_again;
mod login_page;
mod logout;
mod memory;
mod message;
mod messages;
mod odd_bytes;
mod official_page;
mod progress;
mod properties;
mod refused_login;
mod resend_within;
mod resume;
mod reused;
mod secrets;
mod sim;
mod traced;
mod trouble;
mod truncation;
mod upload;
