//! Sources and sinks of a client whose calls block.

mod io;
mod sink;
mod source;

pub use io::MediaIo;
pub use sink::Sink;
pub use source::Source;
