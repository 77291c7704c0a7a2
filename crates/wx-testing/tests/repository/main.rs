//! Checks of the files in the repository.

#![allow(clippy::unwrap_used)]

mod command_uses_client;
mod files;
mod layers;
mod packages;
mod protocol_links;
mod shell_blocks;
