//! What the commands that download have in common: the destination.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use wx_client::creation;
use wx_client::temp_file::TempDir;
use wx_proto::{Advice, Fetched, Policy};

use crate::args::{DownloadOptions, Global};
use crate::client::{Client, Output};
use crate::files::{is_dash, parent};
use crate::out;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};

/// The destination of a download, and how it is made.
pub(super) struct Download {
    session: PathBuf,
    out: PathBuf,
    force: bool,
    policy: Policy,
}

impl Download {
    pub(super) fn new(options: DownloadOptions, global: &Global) -> Self {
        let mut policy = global.policy();
        policy.keep_unknown = options.keep_unknown;
        let DownloadOptions { session, out, force, .. } = options;
        Self { session: session.place(), out, force, policy }
    }

    /// Returns the path of the file for events, unless it is standard output.
    pub(super) fn shown_path(&self) -> Option<String> {
        (!is_dash(&self.out)).then(|| self.out.to_string_lossy().into_owned())
    }

    /// Runs work with a client for the login.
    pub(super) fn with_client(&self, global: &Global, report: &Report, work: impl FnOnce(&Client)) {
        let policy = self.policy.clone();
        session::with_client(&self.session, Use::Fetch, policy, global, report, work);
    }

    /// Writes what `fetch` fetches to the destination. If there is nothing to fetch, nothing is
    /// written.
    pub(super) fn write(
        &self,
        report: &Report,
        fetch: impl FnOnce(Output<'_>) -> Result<Option<Fetched>, Problem>,
    ) -> Result<Option<Fetched>, Problem> {
        if is_dash(&self.out) {
            report.results_aside();
            let fetched = fetch(Output::Stdout);
            fetched.map_err(|problem| problem.at_output(Path::new("standard output")))
        } else {
            self.to_file(fetch)
        }
    }

    /// Fetches to a file, which is written completely or not at all.
    fn to_file(
        &self,
        fetch: impl FnOnce(Output<'_>) -> Result<Option<Fetched>, Problem>,
    ) -> Result<Option<Fetched>, Problem> {
        let target = target(&self.out, self.force)?;
        let fetch =
            |path: &Path| fetch(Output::File(path)).map_err(|problem| problem.at_output(&self.out));
        if self.force {
            return fetch(&target);
        }
        // Fetched to a temporary file and then renamed, because the target may have been created in
        // the meantime.
        let scratch = TempDir::new_in(parent(&target))
            .map_err(|error| on(&self.out, &creation::explain(&target, error)))?;
        let written = scratch.path().join("fetched");
        let Some(fetched) = fetch(&written)? else { return Ok(None) };
        let written =
            tempfile::TempPath::try_from_path(written).map_err(|error| on(&self.out, &error))?;
        written.persist_noclobber(&target).map_err(|failed| on(&self.out, &failed.error))?;
        Ok(Some(fetched))
    }
}

/// Returns the path of the file to write, unless a file there must not be replaced.
fn target(out: &Path, force: bool) -> Result<PathBuf, Problem> {
    let elsewhere = |message: &str| refused(out, message).hint("choose another path");
    match fs::metadata(out) {
        Ok(meta) if meta.is_dir() => Err(elsewhere("is a directory")),
        Ok(meta) if !meta.is_file() => Err(elsewhere("is not a regular file")),
        Ok(_) if !force => Err(refused(out, "exists already").hint("--force replaces it")),
        // If the path is a symbolic link, its target is replaced.
        Ok(_) => fs::canonicalize(out).map_err(|error| on(out, &error)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if out.is_symlink() {
                return Err(elsewhere("is a link to nothing"));
            }
            if !parent(out).exists() {
                let error = creation::explain(out, error);
                return Err(elsewhere(&out::error_chain(&error)));
            }
            Ok(out.to_owned())
        }
        Err(error) => Err(on(out, &error)),
    }
}

/// Returns a problem with the file to write.
fn on(path: &Path, error: &io::Error) -> Problem {
    match error.kind() {
        ErrorKind::AlreadyExists => refused(path, "exists already"),
        _ => refused(path, &out::error_chain(error)),
    }
}

fn refused(path: &Path, message: &str) -> Problem {
    Problem::local(message, Advice::CheckFile).with_output().at_output(path)
}
