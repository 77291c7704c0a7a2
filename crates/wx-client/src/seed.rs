//! Seeds of flows.

use std::io;

use wx_proto::{Error, IdSource, Seed, SourceError};

use crate::clock::unix_ms;

/// Returns a seed of the wall-clock time and random bytes. Every flow needs a new seed.
///
/// # Errors
/// If the system has no random bytes.
pub fn seed() -> Result<Seed, Error> {
    Ok(IdSource::process().seed(unix_ms(), entropy()?))
}

/// Returns 128 bits from the random generator of the system.
///
/// # Errors
/// If the system has no random bytes.
pub fn entropy() -> Result<[u8; 16], Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| SourceError::new(io::ErrorKind::Other, "the system has no random bytes"))?;
    Ok(bytes)
}
