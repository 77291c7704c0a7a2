//! The bodies of the fuzz targets: each module checks what has to hold for any bytes.

pub mod contact_list;
pub mod fetch_flow;
pub mod form;
pub mod login;
pub mod message_list;
pub mod replies;
pub mod send_flow;
pub mod session;
pub mod set_cookie;
pub mod snapshot;
pub mod spoiled;
pub mod sync;
