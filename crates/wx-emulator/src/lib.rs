#![doc = include_str!("../README.md")]

mod calls;
#[cfg(feature = "driver-test")]
pub mod driver_test;
mod exchange;
mod model;
mod server;
mod state;
mod violations;

pub use bytes::Bytes;
pub use serde_json;

pub use model::fault::Fault;
pub use model::incoming::Incoming;
pub use model::people::{Room, RoomListing};
pub use model::phone_step::{PhoneStep, PhoneStepError};
pub use model::profile::Profile;
pub use model::request::{Part, Request};
pub use server::builder::Builder;
pub use server::emulator::Emulator;
pub use server::fault_text::FaultError;
pub use state::message_store::Message;
pub use state::uploads::Repeats;
