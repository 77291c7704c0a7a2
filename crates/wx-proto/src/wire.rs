//! Shared parts of requests and replies: the form, the JSON envelope, encodings, scripts. They do
//! not depend on endpoints or flows.

pub(crate) mod address;
pub(crate) mod body;
pub(crate) mod cgi;
pub(crate) mod clock;
pub(crate) mod clocks;
pub(crate) mod contact;
pub(crate) mod content;
pub(crate) mod date;
pub(crate) mod entities;
pub(crate) mod form;
pub(crate) mod inflate;
pub(crate) mod lenient;
pub(crate) mod list;
pub(crate) mod message;
pub(crate) mod query;
pub(crate) mod repair;
pub(crate) mod reply;
pub(crate) mod script;
pub(crate) mod server_text;
pub(crate) mod xml;
