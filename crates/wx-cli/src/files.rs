//! Reads the user's files, and writes files atomically.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use wx_client::temp_file::{self, Access, TempFile};
use wx_proto::{Advice, ImageFormat, Media};

use crate::problem::Problem;

/// A file to send.
pub(crate) enum Input {
    /// A file, read as often as needed.
    File(PathBuf),
    /// Standard input, a pipe or a device, which can be read only once.
    Once(Option<File>),
    /// A name and bytes in memory.
    Bytes(String, Vec<u8>),
}

impl Input {
    /// Returns the input at `path`; `-` is standard input.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        if is_dash(path) {
            return Ok(Self::Once(None));
        }
        let meta = fs::metadata(path)?;
        if meta.is_dir() {
            return Err(Problem::local("is a directory", Advice::CheckFile));
        }
        if meta.is_file() {
            Ok(Self::File(path.to_owned()))
        } else {
            Ok(Self::Once(Some(File::open(path)?)))
        }
    }
}

/// Returns whether a path means standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns the media in a regular file, by its name and its first bytes, or `None` if it cannot be
/// read.
pub(crate) fn media(path: &Path) -> Option<Media> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut first = Vec::new();
    File::open(path).ok()?.take(ImageFormat::FIRST as u64).read_to_end(&mut first).ok()?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Media::new(name, meta.len(), &first).ok()
}

/// Reads a file that must not be larger than `limit`.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Problem> {
    read_all(File::open(path)?, limit)
}

/// Reads everything, which must not be more than `limit`.
pub(crate) fn read_all(from: impl Read, limit: u64) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(Problem::local(format!("more than {limit} bytes"), Advice::CheckFile));
    }
    Ok(bytes)
}

/// Returns the directory of a file.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes a file atomically. If the path is a symbolic link, its target is replaced.
pub(crate) fn write(path: &Path, bytes: &[u8], secret: bool) -> io::Result<()> {
    let target = if path.is_symlink() {
        fs::canonicalize(path).map_err(leads_nowhere)?
    } else {
        path.to_owned()
    };
    let access = if secret { Access::Private } else { Access::Inherited };
    let file = TempFile::for_target(&target, access)?;
    file.file().write_all(bytes)?;
    file.persist()?;
    // After this, the new file survives a power failure. Not every file system supports this.
    #[cfg(unix)]
    let _ = File::open(parent(&target)).and_then(|parent| parent.sync_all());
    Ok(())
}

fn leads_nowhere(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::NotFound => io::Error::new(ErrorKind::NotFound, "is a link to nothing"),
        _ => error,
    }
}

/// Removes temporary files that killed processes left next to a file.
pub(crate) fn remove_stale_temp_files(file: &Path) {
    temp_file::sweep(parent(file));
    // If the file is a symbolic link, its target was replaced.
    if let Some(target) = file.is_symlink().then(|| fs::canonicalize(file).ok()).flatten() {
        temp_file::sweep(parent(&target));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_for_the_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.json");
        write(&path, b"first", true).unwrap();
        write(&path, b"second", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_link_leads_to_is_replaced_and_not_the_link() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("port"), dir.path().join("link"));
        fs::write(&target, "1").unwrap();
        std::os::unix::fs::symlink("port", &link).unwrap();
        write(&link, b"2", false).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"2");
        fs::remove_file(&target).unwrap();
        write(&link, b"3", false).unwrap_err();
        assert!(!target.exists());
    }
}
