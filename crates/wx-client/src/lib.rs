#![doc = include_str!("../README.md")]

pub mod clock;
pub mod lock;
pub mod outbox;
mod regular;
mod seed;
pub mod session_file;
pub mod temp_file;

pub use seed::{entropy, seed};
