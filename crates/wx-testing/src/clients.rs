//! Released clients as judges: each is driven through its steps behind a bed of its own, and what
//! counts is what the emulator stored, not what the client believes.

mod assets;
mod driver;
mod judge;
mod roster;
mod run;
mod table;

pub use roster::{Client, KnownFault, Language, ROSTER};
pub use run::{Run, StepOutcome, run};
pub use table::table;

/// What every client is driven through, in this order.
pub const STEPS: [&str; 13] = [
    "login",
    "contacts",
    "sync",
    "receive",
    "text",
    "picture-small",
    "picture-large",
    "file",
    "gif",
    "video",
    "recall",
    "avatar",
    "logout",
];
