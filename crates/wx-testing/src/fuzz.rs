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

/// A fuzz target: its name, which is also that of its corpus, and its body.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 11] = [
    ("replies", replies::check),
    ("form", form::check),
    ("send_flow", send_flow::check),
    ("fetch_flow", fetch_flow::check),
    ("login", login::check),
    ("session", session::check),
    ("set_cookie", set_cookie::check),
    ("snapshot", snapshot::check),
    ("sync", sync::check),
    ("message_list", message_list::check),
    ("contact_list", contact_list::check),
];
