//! The bodies of the fuzz targets. Each module checks the properties that arbitrary bytes must not
//! break.

pub mod contact_list;
pub mod content_range;
pub mod damaged_list;
pub mod emoticon;
pub mod fetch_flow;
pub mod form;
pub mod forward;
pub mod login;
pub mod message_kind;
pub mod message_list;
pub mod replies;
pub mod saved_login;
pub mod send_flow;
pub mod session;
pub mod set_cookie;
pub mod snapshot;
pub mod sync;
pub mod text;
