// The first definition of a link wins: these for rustdoc, the README's own for a repository's
// pages.
//! [wx-proto]: wx_proto
//! [Session file]: wx_proto#session-file
//! [protocol]: ../../../docs/protocol.md
//!
#![doc = include_str!("../README.md")]

mod body;
mod classify;
mod client;
mod connect;
mod drive;
mod exchange;
mod http;
mod messages;
mod outbox;
mod proxy;
mod request;
mod resolve;
mod sink;
mod source;
mod stages;
mod tls;

pub use ureq;
pub use wx_client::checkpoint::CheckpointStore;
pub use wx_client::session_cell::SessionCell;
pub use wx_client::session_file::{SessionFile, SessionFileError};
pub use wx_client::{self, BuildError, CancelToken, LoginError, LoginRequest, RunOptions, seed};
pub use wx_proto;

pub use client::{Client, ClientBuilder};
pub use drive::{MediaIo, drive, drive_observed};
pub use http::Http;
pub use messages::Messages;
pub use outbox::{Outbox, OutboxSend};
pub use request::Request;
pub use sink::Sink;
pub use source::Source;
