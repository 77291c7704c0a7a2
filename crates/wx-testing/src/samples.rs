//! The protocol's vectors, recorded requests and sample images.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// A JPEG with 64 pixels.
pub const TINY_JPEG: &[u8] = include_bytes!("../../wx-proto/tests/pictures/tiny.jpg");
/// The same image as a PNG.
pub const TINY_PNG: &[u8] = include_bytes!("../../wx-proto/tests/pictures/tiny.png");

/// The beginning of an MP4 video, which decides what it is.
pub const TINY_MP4: &[u8] =
    b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41\0\0\0\x08free\0\0\0\x08mdat";

/// Reads a vector. The vectors are in the directory of the core, because its unit tests also need
/// them.
///
/// # Panics
///
/// Panics if there is no vector with this name.
#[must_use]
pub fn vector(name: &str) -> Value {
    read(&[&format!("../wx-proto/tests/vectors/{name}.json")])
}

/// Reads the recorded requests of a client. Recordings that the core's unit tests need are in the
/// directory of the core.
///
/// # Panics
///
/// Panics if there is no recording with this name.
#[must_use]
pub fn capture(name: &str) -> Value {
    read(&[&format!("captures/{name}.json"), &format!("../wx-proto/tests/captures/{name}.json")])
}

fn read(paths: &[&str]) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = paths.iter().map(|path| root.join(path)).find(|path| path.exists());
    let path = path.unwrap_or_else(|| panic!("{} does not exist", paths[0]));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
