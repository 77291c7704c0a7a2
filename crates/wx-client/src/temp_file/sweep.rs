use std::path::Path;

/// Removes the temporary files and directories of killed processes from `dir`.
///
/// Only removes regular files and directories that have a name of this crate, belong to this user,
/// and are not locked by a running process. Ignores entries that cannot be removed.
pub fn sweep(dir: &Path) {
    #[cfg(unix)]
    if let Ok(entries) = std::fs::read_dir(dir) {
        for entry in entries.flatten() {
            if is_temporary(&entry.file_name()) {
                let _ = unix::remove_leftover(&entry.path());
            }
        }
    }
    #[cfg(not(unix))]
    let _ = dir;
}

/// Returns whether `name` has the form of this crate's temporary files.
pub(super) fn is_temporary(name: &std::ffi::OsStr) -> bool {
    let random = name
        .to_str()
        .and_then(|name| name.strip_prefix(super::PREFIX)?.strip_suffix(super::SUFFIX));
    random.is_some_and(|random| {
        random.len() == super::RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, File};
    use std::io;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    use std::path::Path;

    use rustix::fs::OFlags;

    use crate::regular::FileId;

    pub(super) fn remove_leftover(path: &Path) -> io::Result<()> {
        let found = fs::symlink_metadata(path)?;
        let kind = found.file_type();
        if !(kind.is_file() || kind.is_dir()) || found.uid() != rustix::process::geteuid().as_raw()
        {
            return Ok(());
        }
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file =
            File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
        file.try_lock()?;
        // It may have been renamed or removed in the meantime.
        if FileId::from_metadata(&file.metadata()?).is_at(path)? {
            if kind.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
        } else {
            Ok(())
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::symlink;

    use super::super::{Access, TempDir, TempFile};
    use super::sweep;

    const LEFT: &str = ".wx-0123456789ab.tmp";

    #[test]
    fn only_the_files_of_killed_processes_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at(LEFT), "half an image").unwrap();
        fs::create_dir(at(".wx-ABCDEFabcdef.tmp")).unwrap();
        fs::write(at(".wx-ABCDEFabcdef.tmp").join("image"), "half").unwrap();
        // Similar names, but not of this crate.
        let others = [
            ".wx-0123456789a.tmp",
            ".wx-0123456789abc.tmp",
            ".wx-0123456789a-.tmp",
            ".wx-0123456789ab",
            "wx-0123456789ab.tmp",
            ".wx-backup",
            "photo.jpg",
        ];
        others.iter().for_each(|name| fs::write(at(name), "kept").unwrap());
        symlink(at("photo.jpg"), at(".wx-linklinklink.tmp")).unwrap();
        let fifo = at(".wx-fifofifofifo.tmp");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let foreign = at(".wx-foreignforei.tmp");
        fs::write(&foreign, "somebody else's").unwrap();
        // Only root can give a file away.
        let is_foreign = std::os::unix::fs::chown(&foreign, Some(12345), None).is_ok();
        let live = TempFile::for_target(&at("photo.jpg"), Access::Private).unwrap();
        let live_dir = TempDir::new_in(dir.path()).unwrap();

        sweep(dir.path());

        assert!(!at(LEFT).exists());
        assert!(!at(".wx-ABCDEFabcdef.tmp").exists());
        others.iter().for_each(|name| assert!(at(name).exists(), "{name}"));
        assert!(fs::symlink_metadata(at(".wx-linklinklink.tmp")).is_ok());
        assert!(fs::symlink_metadata(fifo).is_ok());
        assert_eq!(foreign.exists(), is_foreign);
        assert!(live.path().exists());
        assert!(live_dir.path().exists());
    }

    #[test]
    fn locked_files_stay() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LEFT);
        let file = File::create(&path).unwrap();
        file.try_lock().unwrap();
        sweep(dir.path());
        assert!(path.exists());
        drop(file);
        sweep(dir.path());
        assert!(!path.exists());
    }

    #[test]
    fn a_missing_directory_is_ignored() {
        sweep(std::path::Path::new("/nowhere/at/all"));
    }
}
