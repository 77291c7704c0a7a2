//! The directory in which pictures are saved: each under its MsgID, whole or not at all, and only
//! once.

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
use wx_proto::{Advice, Fetched, MsgId};

use crate::client::Target;
use crate::out;
use crate::problem::Problem;
use crate::withhold;

pub(super) struct MediaDir {
    dir: PathBuf,
    _lock: LockedDir,
    /// The names of the files up to the first dot, if that is a MsgID as it is shown.
    names: Mutex<BTreeSet<String>>,
}

impl MediaDir {
    /// Creates the directory if it does not exist, and locks it. The problem does not name it.
    pub(super) fn open(dir: &Path) -> Result<Self, Problem> {
        let on_dir = |error: io::Error| refused(&out::words(&error));
        directory::create_all(dir, Access::Inherited).map_err(on_dir)?;
        let lock = LockedDir::open(dir).map_err(|error| match error {
            LockError::Io(error) => on_dir(error),
            busy => refused(&out::words(&busy)).hint("choose another directory"),
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

    /// Saves what `fetch` writes to its target. The name consists of the MsgID and the format of
    /// the bytes, so no sender can choose it. Returns `None` if a file of that name has appeared in
    /// the meantime.
    pub(super) fn save(
        &self,
        id: &MsgId,
        fetch: impl FnOnce(Target<'_>) -> Result<Fetched, Problem>,
    ) -> Result<Option<(PathBuf, Fetched)>, Problem> {
        let scratch = TempDir::new_in(&self.dir).map_err(|error| self.on(&error))?;
        let picture = scratch.path().join("picture");
        let fetched =
            fetch(Target::File(&picture)).map_err(|problem| problem.at_output(&self.dir))?;
        let stem = stem(id);
        let name = format!("{stem}.{}", fetched.format.extension());
        let path = self.dir.join(&name);
        let picture =
            tempfile::TempPath::try_from_path(picture).map_err(|error| self.on(&error))?;
        let placed = picture.persist_noclobber(&path);
        if let Err(failed) = &placed
            && failed.error.kind() != ErrorKind::AlreadyExists
        {
            return Err(self.on(&failed.error));
        }
        // The picture must be on disk before the session that was saved after it. Not every file
        // system supports this.
        #[cfg(unix)]
        let _ = File::open(&self.dir).and_then(|dir| dir.sync_all());
        self.names().insert(stem.into_owned());
        Ok(placed.is_ok().then_some((path, fetched)))
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn on(&self, error: &io::Error) -> Problem {
        refused(&out::words(error)).at_output(&self.dir)
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
