//! What the files of the repository have to look like.

#![allow(clippy::unwrap_used)]

mod command_uses_client;
mod files;
mod layers;
mod packages;
mod protocol_links;
mod shell_blocks;
