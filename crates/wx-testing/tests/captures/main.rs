//! Recorded requests of clients that are in no registry: replayed against the emulator under the
//! real host names. Those of the official page are compared with ours.

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
