//! What people and scripts read: every chain of errors consists of sentences, none of which repeats
//! another one.

#![allow(clippy::unwrap_used)]

#[cfg(unix)]
mod client;
mod core;
mod error_walk;
