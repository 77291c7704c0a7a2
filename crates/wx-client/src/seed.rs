//! Time and entropy of flows.

use std::io;

use wx_proto::{Error, IdSource, Seed, SourceError};

use crate::clock::unix_ms;

/// Returns a seed made of the wall clock and the system's randomness. Every flow needs a seed of
/// its own.
///
/// # Errors
/// If the system has no random bytes.
pub fn seed() -> Result<Seed, Error> {
    Ok(IdSource::process().seed(unix_ms(), entropy()?))
}

/// Returns 128 bits that nobody can guess.
///
/// # Errors
/// If the system has no random bytes.
pub fn entropy() -> Result<[u8; 16], Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| SourceError::new(io::ErrorKind::Other, "the system has no random bytes"))?;
    Ok(bytes)
}
