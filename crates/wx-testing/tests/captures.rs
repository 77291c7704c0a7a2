//! Recorded requests of clients that no registry has: replayed against the emulator under the real
//! host names, and the official page's compared with ours.

#![allow(clippy::unwrap_used, reason = "helpers and tables of tests")]

// These are shared with the emulator's tests, which need more of them.
#[allow(dead_code)]
#[path = "../../wx-emulator/tests/emulator/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../../wx-emulator/tests/emulator/images.rs"]
mod images;
#[allow(dead_code)]
#[path = "../../wx-emulator/tests/emulator/swap.rs"]
mod swap;

#[path = "captures/compare.rs"]
mod compare;
#[path = "captures/cookies.rs"]
mod cookies;
#[path = "captures/files.rs"]
mod files;
#[path = "captures/forms.rs"]
mod forms;
#[path = "captures/ours.rs"]
mod ours;
#[path = "captures/reasons.rs"]
mod reasons;
#[path = "captures/recording.rs"]
mod recording;
#[path = "captures/replay.rs"]
mod replay;
#[path = "captures/sent.rs"]
mod sent;

#[path = "captures/clients.rs"]
mod clients;
#[path = "captures/parity.rs"]
mod parity;
