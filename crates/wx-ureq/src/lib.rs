// The first definition of a link wins: these are for rustdoc. The README has other definitions for
// repository pages.
//! [wx-proto]: wx_proto
//! [Session file]: wx_proto#session-file
//! [protocol]: wx_proto::protocol
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod classify;
mod connect;
mod drive;
mod exchange;
mod http;
mod observed_error;
mod proxy;
mod resolve;
mod stages;
mod tls;

use wx_proto::Session;

pub use ureq;
pub use wx_client::blocking::{MediaIo, Sink, Source};
pub use wx_client::checkpoint::CheckpointStore;
pub use wx_client::session_cell::SessionCell;
pub use wx_client::session_file::{SessionFile, SessionFileError};
pub use wx_client::{
    self, Batch, BuildError, CancelToken, LoginError, LoginRequest, Outbound, RunOptions, seed,
};
pub use wx_proto;

pub use drive::{drive, drive_observed};
pub use http::{Http, Reply};

/// Sends texts and media, fetches media, and waits for messages, for one login over [ureq].
pub type Client = wx_client::Client<Http>;

/// Settings for a [`Client`], either for an existing session or for a
/// [login](wx_client::Client::login).
pub type ClientBuilder<Start = Session> = wx_client::ClientBuilder<Http, Start>;

/// An operation of a [`Client`], with its options.
pub type Request<'a, F> = wx_client::Request<'a, F, Http>;

/// Batches of new messages, as the server sends them.
pub type Messages<'a> = wx_client::Messages<'a, Http>;

/// The media of a message, read while it arrives.
pub type FetchStream<'a> = wx_client::FetchStream<'a, Http>;

/// Sends each message once, across crashes and restarts.
pub type ClientOutbox = wx_client::ClientOutbox<Http>;

/// A message to be sent once.
pub type OutboxSend<'a> = wx_client::OutboxSend<'a, Http>;
