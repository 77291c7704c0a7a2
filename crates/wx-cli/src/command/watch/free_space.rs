//! How much can be written before too little of the disk is free.

use std::io;
use std::path::Path;

/// The space that is kept free by default.
pub(super) const KEEP_FREE: u64 = 100 * 1024 * 1024;

/// Returns the largest file that can be written to `dir` while `keep` bytes stay free. Returns
/// `None` if the system does not say.
#[cfg(unix)]
pub(super) fn room(dir: &Path, keep: u64) -> io::Result<Option<u64>> {
    let disk = rustix::fs::statvfs(dir)?;
    // Some network file systems report nothing but zeros.
    if disk.f_blocks == 0 {
        return Ok(None);
    }
    Ok(Some(room_in_blocks(disk.f_bavail, disk.f_frsize, keep)))
}

/// No safe function of the standard library returns the free space here.
#[cfg(not(unix))]
pub(super) fn room(_: &Path, _: u64) -> io::Result<Option<u64>> {
    Ok(None)
}

/// A file occupies whole blocks, so the space is rounded down to blocks.
#[cfg(unix)]
fn room_in_blocks(free: u64, block: u64, keep: u64) -> u64 {
    let block = block.max(1);
    free.saturating_mul(block).saturating_sub(keep) / block * block
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_last_block_of_a_file_counts_whole() {
        assert_eq!(room_in_blocks(10, 4096, 0), 40_960);
        assert_eq!(room_in_blocks(10, 4096, 1), 36_864);
        assert_eq!(room_in_blocks(10, 4096, 40_959), 0);
        assert_eq!(room_in_blocks(10, 4096, u64::MAX), 0);
        assert_eq!(room_in_blocks(u64::MAX, 4096, 0), u64::MAX / 4096 * 4096);
        assert_eq!(room_in_blocks(7, 0, 2), 5);
    }

    #[test]
    fn a_directory_has_room_and_a_missing_one_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(room(dir.path(), u64::MAX).unwrap(), Some(0));
        room(&dir.path().join("none"), 0).unwrap_err();
    }
}
