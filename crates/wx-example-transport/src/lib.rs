//! An example of a custom transport: a driver for wx-proto over hyper, on the runtime smol.
//!
//! It is minimal: it makes one connection per request, without TLS and without a proxy, so it only
//! reaches loopback addresses. `tests/driver.rs` tests with `wx_emulator::driver_test` that it
//! fulfils the duties of a driver.
//!
//! - [`drive()`] is the loop, which performs the actions of a flow with the modules below.
//! - `http` sends a request and receives its reply.
//! - `activity` checks the time limits of an exchange.

mod activity;
mod body;
mod connection;
mod drive;
mod http;

pub use drive::{MediaIo, drive};
