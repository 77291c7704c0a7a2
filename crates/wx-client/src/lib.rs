#![doc = include_str!("../README.md")]

pub mod lock;
mod regular;
pub mod session_file;
pub mod temp_file;
