//! The emulator seen from outside, over plain sockets.

#[path = "emulator/client.rs"]
mod client;
#[path = "emulator/page.rs"]
mod page;
#[path = "emulator/pictures.rs"]
mod pictures;

#[path = "emulator/sending.rs"]
mod sending;
