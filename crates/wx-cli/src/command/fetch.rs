//! `wx fetch-image`.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wx_client::creation;
use wx_client::temp_file::TempDir;
use wx_proto::{Advice, Fetched};

use crate::args::{FetchImage, Global};
use crate::client::{Client, Target};
use crate::event::Subject;
use crate::files::{is_dash, parent};
use crate::out;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::worker;

pub(crate) fn run(args: FetchImage, global: Global) -> ExitCode {
    let path = (!is_dash(&args.out)).then(|| args.out.to_string_lossy().into_owned());
    let subject = Subject::Message { msg_id: args.msg_id.clone(), path };
    let report = Report::new(&global, vec![subject]);
    worker::run(report, move |report| work(&args, &global, report))
}

fn work(args: &FetchImage, global: &Global, report: &Report) {
    let mut policy = global.policy();
    policy.keep_unknown = args.keep_unknown;
    let path = args.session.place();
    session::with_client(&path, Use::Fetch, policy, global, report, |client| {
        fetch(args, client, report);
    });
}

fn fetch(args: &FetchImage, client: &Client, report: &Report) {
    report.begin(0..1, None);
    let fetched = if is_dash(&args.out) {
        report.results_aside();
        let fetched =
            client.fetch(&args.msg_id, args.size.into(), Target::Stdout, report.options());
        fetched.map_err(|problem| problem.at_output(Path::new("standard output")))
    } else {
        to_file(args, client, report)
    };
    match fetched {
        Ok(fetched) => report.fetched(0, &fetched),
        Err(problem) => {
            let _ = report.problem(0..1, &problem);
        }
    }
}

/// Fetches to a file, which is written whole or not at all.
fn to_file(args: &FetchImage, client: &Client, report: &Report) -> Result<Fetched, Problem> {
    let target = target(&args.out, args.force)?;
    let fetch = |path: &Path| {
        let fetched =
            client.fetch(&args.msg_id, args.size.into(), Target::File(path), report.options());
        fetched.map_err(|problem| problem.at_output(&args.out))
    };
    if args.force {
        return fetch(&target);
    }
    // Fetched to a temporary file and then renamed, because the target may have been created in the
    // meantime.
    let scratch = TempDir::new_in(parent(&target))
        .map_err(|error| on(&args.out, &creation::explain(&target, error)))?;
    let picture = scratch.path().join("picture");
    let fetched = fetch(&picture)?;
    let picture =
        tempfile::TempPath::try_from_path(picture).map_err(|error| on(&args.out, &error))?;
    picture.persist_noclobber(&target).map_err(|failed| on(&args.out, &failed.error))?;
    Ok(fetched)
}

/// Returns the file to write, and refuses one that must not be replaced.
fn target(out: &Path, force: bool) -> Result<PathBuf, Problem> {
    let elsewhere = |message: &str| refused(out, message).hint("choose another path");
    match fs::metadata(out) {
        Ok(meta) if meta.is_dir() => Err(elsewhere("is a directory")),
        Ok(meta) if !meta.is_file() => Err(elsewhere("is not a regular file")),
        Ok(_) if !force => Err(refused(out, "exists already").hint("--force replaces it")),
        // The target of a link is replaced.
        Ok(_) => fs::canonicalize(out).map_err(|error| on(out, &error)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if out.is_symlink() {
                return Err(elsewhere("is a link to nothing"));
            }
            if !parent(out).exists() {
                let error = creation::explain(out, error);
                return Err(elsewhere(&out::words(&error)));
            }
            Ok(out.to_owned())
        }
        Err(error) => Err(on(out, &error)),
    }
}

/// Returns the problem of the file to write.
fn on(path: &Path, error: &io::Error) -> Problem {
    match error.kind() {
        ErrorKind::AlreadyExists => refused(path, "exists already"),
        _ => refused(path, &out::words(error)),
    }
}

fn refused(path: &Path, message: &str) -> Problem {
    Problem::local(message, Advice::CheckFile).with_output().at_output(path)
}
