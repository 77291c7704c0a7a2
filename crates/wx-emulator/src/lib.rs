#![doc = include_str!("../README.md")]

mod account;
mod answers;
mod calls;
mod emulator;
mod fault;
mod form;
mod heads;
mod hub;
mod layout;
mod login;
mod mailbox;
mod notes;
mod picture;
mod query;
mod random;
mod reply;
mod request;
mod server;
mod upload;

pub use bytes::Bytes;
pub use emulator::{Builder, Emulator, Repeats};
pub use fault::{Fault, FaultError};
pub use mailbox::Message;
pub use request::{Part, Request};
