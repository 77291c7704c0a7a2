//! Reading the files of the user, and writing new ones whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use wx_proto::Advice;

use crate::args::is_dash;
use crate::problem::Problem;

/// A picture to send.
pub(crate) enum Input {
    /// A file, read as often as needed.
    File(PathBuf),
    /// Standard input, a pipe or a device, which can be read only once.
    Once(Option<File>),
    /// Bytes that are already here.
    Bytes(String, Vec<u8>),
}

impl Input {
    /// What `path` names: `-` is standard input.
    pub(crate) fn of(path: &Path) -> Result<Self, Problem> {
        if is_dash(path) {
            return Ok(Self::Once(None));
        }
        let meta = fs::metadata(path)?;
        if meta.is_dir() {
            return Err(Problem::local("is a directory", Advice::CheckFile));
        }
        if meta.is_file() { Ok(Self::File(path.to_owned())) } else { Ok(Self::Once(Some(File::open(path)?))) }
    }
}

/// Reads a file that must not be larger than `limit`.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(Problem::local(format!("more than {limit} bytes"), Advice::CheckFile));
    }
    Ok(bytes)
}

/// Writes a file beside `path` and renames it into place.
pub(crate) fn write(path: &Path, bytes: &[u8], secret: bool) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wx-");
    #[cfg(unix)]
    if !secret {
        use std::os::unix::fs::PermissionsExt;
        // As any other new file: the umask takes from it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    #[cfg(not(unix))]
    let _ = secret;
    let mut file = builder.tempfile_in(parent)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
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
}
