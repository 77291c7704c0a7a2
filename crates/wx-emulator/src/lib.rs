#![doc = include_str!("../README.md")]

mod account;
mod answers;
mod arrivals;
mod builder;
mod calls;
mod emulator;
mod fault;
mod form;
mod heads;
mod hub;
mod layout;
mod login;
mod mailbox;
mod options;
mod picture;
mod query;
mod random;
mod reply;
mod request;
mod scan;
mod server;
mod upload;
mod violations;

pub use builder::Builder;
pub use bytes::Bytes;
pub use emulator::{Emulator, Profile, Repeats};
pub use fault::{Fault, FaultError};
pub use mailbox::Message;
pub use request::{Part, Request};
pub use scan::{Scan, ScanError};
pub use serde_json;
