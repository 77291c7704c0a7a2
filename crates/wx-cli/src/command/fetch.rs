//! `wx fetch` and `wx fetch-image`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Deserialize;
use wx_proto::{Advice, Attachment, Fetched};

use super::download::Download;
use super::event_file::{self, Expected};
use crate::args::{Fetch, FetchImage, Global};
use crate::event::Subject;
use crate::problem::Problem;
use crate::report::Report;
use crate::worker;

/// What to do if a MsgID leads to nothing. The server does not say that the message is a file.
const BY_ID_HINT: &str = "the message may be too old or too new, from another login, or a sticker \
    from the store; if it holds a file, its MsgID is not enough: give its line of wx watch --json \
    with --message; otherwise try again later";

/// The event of a message.
const MESSAGE: Expected = Expected {
    events: &["message"],
    otherwise: "is not the event of a message",
    hint: "give one line of wx watch --json",
};

/// The part of the event `message` that is needed.
#[derive(Deserialize)]
struct MessageEvent {
    attachment: Option<Attachment>,
}

/// Runs `wx fetch`.
pub(crate) fn run(args: Fetch, global: Global) -> ExitCode {
    let Fetch { download, variant, message, msg_id } = args;
    let attachment = msg_id.map(|id| variant.attachment(id));
    fetch(Download::new(download, &global), attachment, message, global)
}

/// Runs `wx fetch-image`.
pub(crate) fn run_image(args: FetchImage, global: Global) -> ExitCode {
    let FetchImage { download, variant, msg_id } = args;
    let image = variant.attachment(msg_id);
    fetch(Download::new(download, &global), Some(image), None, global)
}

/// Fetches `attachment`, or the attachment in the line of the file `message`.
fn fetch(
    download: Download,
    attachment: Option<Attachment>,
    message: Option<PathBuf>,
    global: Global,
) -> ExitCode {
    let subject =
        |attachment: &Attachment, path: Option<String>| Subject::attachment(attachment, path);
    let known = attachment.as_ref().map(|attachment| subject(attachment, download.shown_path()));
    let report = Report::new(&global, known.into_iter().collect());
    let is_by_id = attachment.is_some();
    worker::run(report, move |report| {
        let attachment = match (attachment, message) {
            (Some(attachment), _) => attachment,
            (None, Some(message)) => match read_attachment(&message) {
                Ok(attachment) => {
                    report.add(subject(&attachment, download.shown_path()));
                    attachment
                }
                Err(problem) => return report.refuse(event_file::name(&message), &problem),
            },
            // The arguments have one of them.
            (None, None) => return,
        };
        download.with_client(&global, report, |client| {
            report.begin(0..1, None);
            warn_of_size(&attachment, report);
            let fetched = download.write(report, |output| {
                client.fetch(&attachment, output, report.options()).map(Some)
            });
            match fetched {
                Ok(Some(fetched)) => {
                    warn_of_md5(&attachment, &fetched, report);
                    report.fetched(0, &fetched);
                }
                // There is always something to fetch.
                Ok(None) => {}
                Err(problem) => {
                    let problem = match problem.advice {
                        Some(Advice::CheckMessage) if is_by_id => problem.hint(BY_ID_HINT),
                        _ => problem,
                    };
                    let _ = report.problem(0..1, &problem);
                }
            }
        });
    })
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
fn read_attachment(path: &Path) -> Result<Attachment, Problem> {
    let message: MessageEvent = event_file::read_one(path, MESSAGE)?;
    message.attachment.ok_or_else(|| {
        let what = "the message holds nothing that can be fetched";
        Problem::local(what, Advice::CheckFile).hint(MESSAGE.hint)
    })
}
