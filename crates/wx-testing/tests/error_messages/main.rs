//! The error messages that people and scripts read. Every chain of errors consists of sentences
//! that do not repeat each other.

#![allow(clippy::unwrap_used)]

#[cfg(unix)]
mod client;
mod core;
mod error_walk;
mod sessions;
mod values;
