//! Measures the workspace.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints figures")]

pub mod alloc;
#[cfg(feature = "clients")]
pub mod clients;
pub mod counts;
mod hostile;
#[cfg(feature = "clients")]
pub mod pairs;
pub mod perfect;
pub mod row;
#[cfg(feature = "clients")]
pub mod server;
