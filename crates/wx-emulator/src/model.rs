//! Values that are independent of the state of a server.

pub(crate) mod echo;
pub(crate) mod fault;
pub(crate) mod fault_action;
pub(crate) mod form;
pub(crate) mod hosts;
pub(crate) mod incoming;
pub(crate) mod media;
pub(crate) mod odd_bytes;
pub(crate) mod people;
pub(crate) mod phone_step;
pub(crate) mod profile;
pub(crate) mod query;
pub(crate) mod random;
pub(crate) mod received_text;
pub(crate) mod replies;
pub(crate) mod request;
pub(crate) mod ret;
pub(crate) mod server_json;
pub(crate) mod text;
pub(crate) mod user_names;
