//! Replays recorded requests of other clients against the emulator under the real host names. The
//! requests of the official page are also compared with ours.

#![allow(clippy::unwrap_used, reason = "helpers and tables of tests")]

mod browser_parity;
mod clients;
mod compare;
mod cookies;
mod files;
mod forms;
mod ours;
mod reasons;
mod recording;
mod replay;
mod sent;
