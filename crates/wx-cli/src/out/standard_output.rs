//! What is known about standard output without writing to it.

/// Returns why standard output cannot be written, if that is certain. A pipe whose reader is gone
/// counts only if `is_read_by_others` is set.
#[cfg(unix)]
pub(crate) fn check(is_read_by_others: bool) -> Option<&'static str> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{OFlags, fcntl_getfl};

    let stdout = std::io::stdout();
    // The standard library reports no error for a write to such a descriptor.
    if fcntl_getfl(&stdout).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDONLY) {
        return Some("it is open for reading only");
    }
    let mut polled = [PollFd::new(&stdout, PollFlags::OUT)];
    let is_gone = is_read_by_others
        && poll(&mut polled, Some(&Timespec::default())).is_ok()
        && polled[0].revents().contains(PollFlags::ERR);
    is_gone.then_some(super::CLOSED)
}

/// Not known without writing.
#[cfg(not(unix))]
pub(crate) fn check(_: bool) -> Option<&'static str> {
    None
}

/// Returns whether standard output may have been closed when the process started. The standard
/// library then opens `/dev/null` in its place, for reading and writing. A caller that discards the
/// output can do the same, so this is not certain.
#[cfg(unix)]
pub(super) fn may_be_closed() -> bool {
    use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, stat};

    let stdout = std::io::stdout();
    let (Ok(found), Ok(null)) = (fstat(&stdout), stat("/dev/null")) else { return false };
    FileType::from_raw_mode(found.st_mode) == FileType::CharacterDevice
        && found.st_rdev == null.st_rdev
        && fcntl_getfl(&stdout).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR)
}

/// Not known.
#[cfg(not(unix))]
pub(super) fn may_be_closed() -> bool {
    false
}
