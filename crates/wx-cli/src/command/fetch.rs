//! `wx fetch` and `wx fetch-image`.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Deserialize;
use wx_client::creation;
use wx_client::temp_file::TempDir;
use wx_proto::{Advice, Attachment, Fetched, Policy};

use crate::args::{Fetch, FetchImage, FetchOptions, Global};
use crate::client::{Client, Output};
use crate::event::Subject;
use crate::files::{self, is_dash, parent};
use crate::out;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::worker;

/// A download, and its destination.
struct Download {
    session: PathBuf,
    out: PathBuf,
    force: bool,
    policy: Policy,
}

/// The longest line of `wx watch` that is read, in bytes: more than escaping can make of the
/// longest reply of the server.
const LONGEST_LINE: u64 = 256 * 1024 * 1024;

/// The part of a line of `wx watch` that `--message` reads.
#[derive(Deserialize)]
struct Line {
    attachment: Option<Attachment>,
}

/// Runs `wx fetch`.
pub(crate) fn run(args: Fetch, global: Global) -> ExitCode {
    let Fetch { options, message, msg_id } = args;
    let attachment = msg_id.map(|id| options.variant.attachment(id));
    Download::new(options, &global).run(attachment, message, global)
}

/// Runs `wx fetch-image`.
pub(crate) fn run_image(args: FetchImage, global: Global) -> ExitCode {
    let FetchImage { options, msg_id } = args;
    let image = options.variant.attachment(msg_id);
    Download::new(options, &global).run(Some(image), None, global)
}

impl Download {
    fn new(options: FetchOptions, global: &Global) -> Self {
        let mut policy = global.policy();
        policy.keep_unknown = options.keep_unknown;
        let FetchOptions { session, out, force, .. } = options;
        Self { session: session.place(), out, force, policy }
    }

    /// Fetches `attachment`, or the attachment in the line of the file `message`.
    fn run(
        self,
        attachment: Option<Attachment>,
        message: Option<PathBuf>,
        global: Global,
    ) -> ExitCode {
        let subject = attachment.as_ref().map(|attachment| self.subject(attachment));
        let report = Report::new(&global, subject.into_iter().collect());
        worker::run(report, move |report| match (attachment, message) {
            (Some(attachment), _) => self.work(&attachment, &global, report),
            (None, Some(message)) => match read_line(&message) {
                Ok(attachment) => {
                    report.add(self.subject(&attachment));
                    self.work(&attachment, &global, report);
                }
                Err(problem) if is_dash(&message) => {
                    report.refuse(Path::new("standard input"), &problem);
                }
                Err(problem) => report.refuse(&message, &problem),
            },
            // The arguments have one of them.
            (None, None) => {}
        })
    }

    fn subject(&self, attachment: &Attachment) -> Subject {
        let path = (!is_dash(&self.out)).then(|| self.out.to_string_lossy().into_owned());
        Subject::attachment(attachment, path)
    }

    fn work(&self, attachment: &Attachment, global: &Global, report: &Report) {
        let policy = self.policy.clone();
        session::with_client(&self.session, Use::Fetch, policy, global, report, |client| {
            self.fetch(attachment, client, report);
        });
    }

    fn fetch(&self, attachment: &Attachment, client: &Client, report: &Report) {
        report.begin(0..1, None);
        warn_of_size(attachment, report);
        let fetched = if is_dash(&self.out) {
            report.results_aside();
            let fetched = client.fetch(attachment, Output::Stdout, report.options());
            fetched.map_err(|problem| problem.at_output(Path::new("standard output")))
        } else {
            self.to_file(attachment, client, report)
        };
        match fetched {
            Ok(fetched) => {
                warn_of_md5(attachment, &fetched, report);
                report.fetched(0, &fetched);
            }
            Err(problem) => {
                let _ = report.problem(0..1, &problem);
            }
        }
    }

    /// Fetches to a file, which is written completely or not at all.
    fn to_file(
        &self,
        attachment: &Attachment,
        client: &Client,
        report: &Report,
    ) -> Result<Fetched, Problem> {
        let target = target(&self.out, self.force)?;
        let fetch = |path: &Path| {
            let fetched = client.fetch(attachment, Output::File(path), report.options());
            fetched.map_err(|problem| problem.at_output(&self.out))
        };
        if self.force {
            return fetch(&target);
        }
        // Fetched to a temporary file and then renamed, because the target may have been created in
        // the meantime.
        let scratch = TempDir::new_in(parent(&target))
            .map_err(|error| on(&self.out, &creation::explain(&target, error)))?;
        let written = scratch.path().join("fetched");
        let fetched = fetch(&written)?;
        let written =
            tempfile::TempPath::try_from_path(written).map_err(|error| on(&self.out, &error))?;
        written.persist_noclobber(&target).map_err(|failed| on(&self.out, &failed.error))?;
        Ok(fetched)
    }
}

/// Warns of a file that the server has probably not kept, before it is fetched.
pub(super) fn warn_of_size(attachment: &Attachment, report: &Report) {
    if attachment.may_be_unavailable() {
        let id = &attachment.msg_id;
        report.warn(&format!("{id}: files above 25 MiB are mostly not available"));
    }
}

/// Warns of a file that is not the one that its sender claims to have sent.
pub(super) fn warn_of_md5(attachment: &Attachment, fetched: &Fetched, report: &Report) {
    let claimed = attachment.file().and_then(|file| file.md5);
    if claimed.is_some_and(|md5| md5 != fetched.md5) {
        let id = &attachment.msg_id;
        report.warn(&format!("{id}: the MD5 is not the one that its sender claims"));
    }
}

/// Reads the attachment of the message in a file; `-` is standard input.
fn read_line(path: &Path) -> Result<Attachment, Problem> {
    let line = if is_dash(path) {
        files::read_all(io::stdin().lock(), LONGEST_LINE)?
    } else {
        files::read(path, LONGEST_LINE)?
    };
    let refused = |message: &str| {
        Problem::local(message, Advice::CheckFile).hint("give one line of wx watch --json")
    };
    let line: Line =
        serde_json::from_slice(&line).map_err(|_| refused("does not hold a message"))?;
    line.attachment.ok_or_else(|| refused("the message holds nothing that can be fetched"))
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
