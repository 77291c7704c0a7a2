//! Benchmarks of the workspace.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints figures")]

pub mod alloc;
#[cfg(feature = "clients")]
pub mod clients;
pub mod counts;
pub mod figure;
mod hostile;
pub mod in_memory_server;
#[cfg(feature = "clients")]
pub mod paired_timing;
#[cfg(feature = "clients")]
pub mod server;
