//! A transport of your own: a driver for wx-proto over hyper, on the runtime smol.
//!
//! It is as small as a driver with another HTTP client and another runtime can be: one connection
//! per request, no TLS and no proxy, so it reaches loopback addresses only. That it fulfils the
//! duties of a driver is what `tests/driver.rs` shows, with `wx_emulator::driver_test`.
//!
//! - [`drive()`] is the loop, which maps each action of a flow to one call of the modules below it.
//! - `http` sends a request and receives its reply.
//! - `activity` holds the time limits of an exchange.

mod activity;
mod body;
mod connection;
mod drive;
mod http;

pub use drive::{MediaIo, drive};
