//! The directory in which pictures are saved, each under its MsgID. A picture is saved completely
//! or not at all, and only once.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use wx_client::directory;
use wx_client::lock::{LockError, LockedDir};
use wx_client::temp_file::{Access, TempDir};
use wx_proto::{Advice, Fetched, ImageFormat, MsgId};

use crate::client::Output;
use crate::out;
use crate::problem::Problem;
use crate::withhold;

pub(super) struct MediaDir {
    dir: PathBuf,
    _lock: LockedDir,
    /// The names of the files up to the first dot, if that part is a MsgID.
    names: Mutex<BTreeSet<String>>,
}

impl MediaDir {
    /// Creates the directory if it does not exist, and locks it. The problem does not name the
    /// directory.
    pub(super) fn open(dir: &Path) -> Result<Self, Problem> {
        let on_dir = |error: io::Error| refused(&out::error_chain(&error));
        directory::create_all(dir, Access::Inherited).map_err(on_dir)?;
        let lock = LockedDir::open(dir).map_err(|error| match error {
            LockError::Io(error) => on_dir(error),
            busy => refused(&out::error_chain(&busy)).hint("choose another directory"),
        })?;
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(dir).map_err(on_dir)? {
            let entry = entry.map_err(on_dir)?;
            names.extend(before_dot(&entry.file_name()));
        }
        Ok(Self { dir: dir.to_owned(), _lock: lock, names: Mutex::new(names) })
    }

    /// Returns whether the picture of a message is already saved.
    pub(super) fn has(&self, id: &MsgId) -> bool {
        self.names().contains(&*stem(id))
    }

    /// Saves the picture that `fetch` writes to its target. The file name consists of the MsgID and
    /// the detected format, so a sender cannot choose it. Returns `None` if another process has
    /// created a file of that name in the meantime.
    pub(super) fn save(
        &self,
        id: &MsgId,
        fetch: impl FnOnce(Output<'_>) -> Result<Fetched, Problem>,
    ) -> Result<Option<(PathBuf, Fetched)>, Problem> {
        let scratch = TempDir::new_in(&self.dir).map_err(|error| self.on(&error))?;
        let picture = scratch.path().join("picture");
        let fetched =
            fetch(Output::File(&picture)).map_err(|problem| problem.at_output(&self.dir))?;
        let stem = stem(id);
        let extension = fetched.format.unwrap_or(ImageFormat::Unknown).extension();
        let name = format!("{stem}.{extension}");
        let path = self.dir.join(&name);
        let picture =
            tempfile::TempPath::try_from_path(picture).map_err(|error| self.on(&error))?;
        let placed = picture.persist_noclobber(&path);
        if let Err(failed) = &placed
            && failed.error.kind() != ErrorKind::AlreadyExists
        {
            return Err(self.on(&failed.error));
        }
        // The picture must reach the disk before the session, which is saved afterwards. Not every
        // file system supports this.
        #[cfg(unix)]
        let _ = File::open(&self.dir).and_then(|dir| dir.sync_all());
        self.names().insert(stem.into_owned());
        Ok(placed.is_ok().then_some((path, fetched)))
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on(&self, error: &io::Error) -> Problem {
        refused(&out::error_chain(error)).at_output(&self.dir)
    }
}

fn refused(what: &str) -> Problem {
    Problem::local(what, Advice::CheckFile).with_output()
}

/// Returns the name of the picture of a message, without its extension.
fn stem(id: &MsgId) -> Cow<'_, str> {
    withhold::in_text(id.as_str())
}

fn before_dot(name: &OsStr) -> Option<String> {
    let (stem, _) = name.to_str()?.split_once('.')?;
    let is_in_name = |c: char| c.is_ascii_digit() || c == withhold::WITHHELD;
    (!stem.is_empty() && stem.chars().all(is_in_name)).then(|| stem.to_owned())
}
