//! Builds, runs and controls a server.

pub(crate) mod builder;
pub(crate) mod emulator;
pub(crate) mod fault_text;

mod connection;
