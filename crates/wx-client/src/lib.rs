#![doc = include_str!("../README.md")]

pub mod answer;
pub mod certificate;
pub mod checkpoint;
pub mod clock;
pub mod creation;
pub mod directory;
pub mod exchange_clock;
mod file_error;
pub mod lock;
pub mod observer;
pub mod outbox;
pub mod proxy;
mod regular;
mod seed;
pub mod session_cell;
pub mod session_file;
pub mod temp_file;
mod told_states;

pub use file_error::FileError;
pub use seed::{entropy, seed};
pub use told_states::ToldStates;
