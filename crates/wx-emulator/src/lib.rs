#![doc = include_str!("../README.md")]

mod account;
mod builder;
mod calls;
mod emulator;
mod fault;
mod form;
mod heads;
mod hosts;
mod hub;
mod incoming;
mod layout;
mod login;
mod mailbox;
mod odd_bytes;
mod options;
mod people;
mod picture;
mod query;
mod random;
mod replies;
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
pub use incoming::Incoming;
pub use mailbox::Message;
pub use people::Room;
pub use request::{Part, Request};
pub use scan::{Scan, ScanError};
pub use serde_json;
