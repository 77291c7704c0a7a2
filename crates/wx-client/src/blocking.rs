//! Sources and sinks of blocking transports.

mod io;
mod sink;
mod source;

pub use io::{Blocking, MediaIo};
pub use sink::Sink;
pub use source::Source;
