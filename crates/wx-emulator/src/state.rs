//! The state of a server.

pub(crate) mod account;
pub(crate) mod avatar_store;
pub(crate) mod avatars;
pub(crate) mod contact_list;
pub(crate) mod credentials;
pub(crate) mod delivery;
pub(crate) mod logins;
pub(crate) mod media_store;
pub(crate) mod message_store;
pub(crate) mod options;
pub(crate) mod request_log;
pub(crate) mod server_state;
pub(crate) mod uploads;
