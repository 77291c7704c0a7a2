//! Recorded requests of clients that no registry has: replayed against the emulator under the real
//! host names, and the official page's compared with ours.

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
