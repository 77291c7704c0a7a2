// The first definition of a link wins: this for rustdoc, the README's own for a repository's pages.
//! [protocol]: ../../../docs/protocol.md
//!
#![doc = include_str!("../README.md")]

mod body;
mod contact;
mod cookies;
mod data_url;
pub mod endpoint;
mod error;
pub mod flow;
mod hosts;
mod items;
mod message;
mod names;
mod outgoing;
mod picture;
mod policy;
mod recipient;
mod secret;
mod seed;
mod session;
mod site;
mod uploaded;
mod wire;

pub use bytes;
pub use http;

pub use body::Body;
pub use contact::Contact;
pub use cookies::{Cookie, CookieJar};
pub use data_url::{DATA_URL_LIMIT, data_url};
pub use endpoint::get_msg_img::ImageSize;
pub use error::{Advice, Cause, ChunkNumber, Error, LocalError, Outcome, Step, Unready};
pub use hosts::{HostError, Hosts, Origin, Role};
pub use items::Items;
pub use message::{Kind, Message};
pub use names::{MediaId, MsgId, NameError, UserName};
pub use outgoing::{Limits, Outgoing};
pub use picture::{Format, Picture, PictureError};
pub use policy::Policy;
pub use recipient::Recipient;
pub use secret::Secret;
pub use seed::{DeviceId, IdSource, LocalId, Seed};
pub use session::{Session, SessionBuilder, SessionError};
pub use site::{Profile, Site};
pub use uploaded::{Fetched, Sent, Uploaded};
pub use wire::list::Skipped;
pub use wire::reply::ReplyError;
pub use wire::ret::{Ret, RetClass};
pub use wire::server_text::FirstBytes;
