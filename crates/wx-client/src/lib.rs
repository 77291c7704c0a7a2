#![doc = include_str!("../README.md")]

pub mod answer;
pub mod begin;
mod build_error;
mod cancel_token;
pub mod certificate;
pub mod checkpoint;
pub mod clock;
pub mod creation;
pub mod directory;
pub mod exchange_clock;
mod file_error;
pub mod lock;
mod login_request;
pub mod outbox;
pub mod pacer;
pub mod page_buffer;
pub mod proxy;
mod regular;
mod run_options;
mod seed;
pub mod session_cell;
pub mod session_file;
pub mod source_info;
pub mod spans;
pub mod temp_file;
mod told_states;

pub use build_error::BuildError;
pub use cancel_token::CancelToken;
pub use file_error::FileError;
pub use login_request::{LoginError, LoginRequest};
pub use run_options::{OptionsObserver, RunOptions};
pub use seed::{entropy, seed};
pub use told_states::ToldStates;
