#![doc = include_str!("../README.md")]

pub mod clock;
mod seed;

pub use seed::{entropy, seed};
