//! Tests the emulator with released clients. Each client performs its steps on its own test bed. A
//! step is judged by what the emulator has stored, not by what the client reports.

mod assets;
mod driver;
mod judge;
mod roster;
mod run;
mod table;

pub use roster::{Client, KnownFault, Language, ROSTER};
pub use run::{Run, StepOutcome, run};
pub use table::table;

/// The steps of all clients, in order.
pub const STEPS: [&str; 15] = [
    "login",
    "contacts",
    "sync",
    "receive",
    "receive-video",
    "receive-voice",
    "text",
    "image-small",
    "image-large",
    "file",
    "gif",
    "video",
    "recall",
    "avatar",
    "logout",
];
