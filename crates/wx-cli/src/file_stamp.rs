//! Detects whether a file has changed, without reading it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// The length of a file and the time of its last change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileStamp {
    len: u64,
    /// The time since the Unix epoch, if the file system records it.
    modified: Option<Duration>,
}

impl FileStamp {
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let meta = fs::metadata(path)?;
        let since_epoch = |time: SystemTime| {
            time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_else(|before| before.duration())
        };
        Ok(Self { len: meta.len(), modified: meta.modified().ok().map(since_epoch) })
    }
}
