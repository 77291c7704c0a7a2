//! The server's clock, as a reply shows it.

use super::unix_ms::UnixMs;

/// The `Date` header of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerDate {
    /// The server's time, in whole seconds.
    At(UnixMs),
    /// The reply has no `Date`.
    Missing,
    /// The `Date` is not a date after 1970-01-01.
    Malformed,
}
