//! Sends the texts and files of a job to its recipients, one after the other.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use wx_client::outbox::UploadTurn;
use wx_proto::{Advice, MediaKind, Sent, Uploaded};

use crate::client::{Client, Content};
use crate::files::Input;
use crate::job_dir::{Item, JobDir, Left};
use crate::out;
use crate::pace::Pace;
use crate::problem::{Class, IN_DOUBT_HINT, Problem};
use crate::report::Report;

/// What to do if the server refuses an emoticon.
const UNKNOWN_EMOTICON: &str = "the server probably does not know this emoticon: send one that the \
    account has received, or send the GIF itself";

/// What to do if the server refuses a forwarded message.
const NOT_FORWARDED: &str = "the line may be from another login, or the server does not forward \
    this message: fetch its attachment and send it, or forward it on the phone";

pub(crate) struct Batch<'a> {
    pub(crate) client: &'a Client,
    pub(crate) job: JobDir,
    /// Whether a message in doubt is sent again.
    pub(crate) resend: bool,
    pub(crate) report: &'a Report,
}

impl Batch<'_> {
    pub(crate) fn run(self) {
        let mut pace = Pace::new(self.job.plan().pace);
        for (item, to) in self.parts() {
            if self.item(item, &to, &mut pace).is_break() {
                break;
            }
        }
        close(self.job, self.report);
    }

    /// Returns the items to send with their recipients. Messages in doubt are first, because they
    /// can be repeated only for a short time. A file is sent to all of its recipients at once, so
    /// that it is uploaded once; texts otherwise keep their order, because they can be parts of
    /// one.
    fn parts(&self) -> Vec<(usize, Vec<usize>)> {
        let (mut first, mut rest) = (Vec::new(), Vec::new());
        for (item, content) in self.job.plan().items.iter().enumerate() {
            let (mut in_doubt, mut others): (Vec<_>, Vec<_>) =
                self.open(item).partition(|to| self.job.is_in_doubt(item, *to));
            if matches!(content, Item::File(_)) && !in_doubt.is_empty() {
                in_doubt.append(&mut others);
            }
            first.push((item, in_doubt));
            rest.push((item, others));
        }
        first.append(&mut rest);
        first.retain(|(_, to)| !to.is_empty());
        first
    }

    /// Waits before the next message. Work that cannot be recorded is not started.
    fn pause(&self, pace: &mut Pace) -> ControlFlow<()> {
        self.report.token().sleep(pace.next());
        match self.report.stopped() || self.job.is_broken() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// Sends an item to these recipients. A file is uploaded first.
    fn item(&self, item: usize, recipients: &[usize], pace: &mut Pace) -> ControlFlow<()> {
        self.pause(pace)?;
        let all = self.subjects(item);
        self.report.begin(all.clone(), None);
        let content = match &self.job.plan().items[item] {
            Item::Text(text) => Content::Inline(text.as_str().into()),
            Item::Emoticon(emoticon) => Content::Inline((*emoticon).into()),
            Item::Forward { message, .. } => {
                if message.may_be_refused() {
                    self.report.warn(
                        "files above 25 MiB are usually not forwarded; if it is refused, fetch it \
                         and send it",
                    );
                }
                Content::Inline(message.clone().into())
            }
            Item::File(path) => match self.upload(item, path, recipients[0]) {
                Ok(uploaded) => {
                    self.report.set_kind(all.clone(), uploaded.kind);
                    Content::Uploaded(uploaded)
                }
                Err(problem) => return self.report.problem(all, &problem),
            },
        };
        for (number, &to) in recipients.iter().enumerate() {
            if number > 0 {
                self.pause(pace)?;
            }
            if self.report.stopped() || self.job.is_broken() {
                return ControlFlow::Break(());
            }
            // The parts of a text arrive in order, or not at all.
            let is_text = matches!(self.job.plan().items[item], Item::Text(_));
            if is_text && self.lacks_text_before(item, to) {
                continue;
            }
            let subject = all.start + to;
            self.report.begin(subject..subject + 1, content.media_id());
            match self.message(item, to, &content) {
                Ok(sent) => self.report.sent(subject, &sent),
                Err(problem) => self.report.problem(subject..subject + 1, &problem)?,
            }
        }
        ControlFlow::Continue(())
    }

    /// Returns whether the item before this one is a text that was not sent.
    fn lacks_text_before(&self, item: usize, to: usize) -> bool {
        let before = item.checked_sub(1);
        before.is_some_and(|before| {
            matches!(self.job.plan().items[before], Item::Text(_))
                && !self.job.is_settled(before, to)
        })
    }

    /// Returns the upload of a file, which may be finished already.
    fn upload(&self, item: usize, path: &Path, to: usize) -> Result<Uploaded, Problem> {
        let session = &self.client.session();
        let message = self.job.message(item, to, session)?;
        if let UploadTurn::Finished(uploaded) = message.take_upload(session)? {
            return Ok(uploaded);
        }
        if !message.is_upload_begun(session) {
            self.job.check_unchanged(item, path)?;
        }
        let input = Input::open(path)?;
        if self.job.is_kept() && matches!(input, Input::Once(_)) {
            return Err(Problem::local("it can be read only once", Advice::CheckFile)
                .hint("a job that can be resumed needs regular files"));
        }
        let (plan, options) = (self.job.plan(), self.report.options());
        let uploaded = self.client.upload(&message, input, plan.media_options(), options)?;
        let name = path.display();
        if let (None, MediaKind::File) = (plan.kind, uploaded.kind) {
            self.report.warn(&format!(
                "{name}: it is not a picture that web WeChat shows as one, and is sent as a file"
            ));
        }
        if let Some(start_pos) = uploaded.server_byte_count {
            let bytes = uploaded.bytes;
            self.report
                .warn(&format!("{name}: warning: the server counts {start_pos} bytes of {bytes}"));
        }
        Ok(uploaded)
    }

    fn message(&self, item: usize, to: usize, content: &Content) -> Result<Sent, Problem> {
        let message = self.job.message(item, to, &self.client.session())?;
        let options = self.report.options();
        let sent =
            self.client.send(&message, content, self.resend, options).map_err(|problem| {
                let media_id = content.media_id().map(|media_id| media_id.as_str().into());
                let problem = match &self.job.plan().items[item] {
                    Item::Emoticon(_) => problem.unknown_to_server(UNKNOWN_EMOTICON),
                    Item::Forward { .. } => problem.unknown_to_server(NOT_FORWARDED),
                    Item::Text(_) | Item::File(_) => problem,
                };
                Problem {
                    media_id: problem.media_id.clone().or(media_id),
                    hint: match problem.class {
                        Class::Unknown | Class::InDoubt if self.job.is_kept() => {
                            Some(IN_DOUBT_HINT)
                        }
                        _ => problem.hint,
                    },
                    ..problem
                }
            })?;
        if let Err(error) = message.set_sent(&sent) {
            self.report.warn(&out::error_chain(&error));
            self.job.set_unrecorded();
        }
        Ok(sent)
    }

    fn subjects(&self, item: usize) -> Range<usize> {
        let recipients = self.job.plan().to.len();
        item * recipients..(item + 1) * recipients
    }

    /// Returns the recipients for whom an item is not settled.
    fn open(&self, item: usize) -> impl Iterator<Item = usize> {
        (0..self.job.plan().to.len()).filter(move |to| !self.job.is_settled(item, *to))
    }
}

/// Ends the work on a job, and reports what is left of it.
pub(crate) fn close(job: JobDir, report: &Report) {
    match job.close() {
        Ok(Left::Nothing) => {}
        Ok(Left::Unsent | Left::UnsentAndUnrecorded) if report.is_login_over() => report.warn(
            "not everything is sent, and the job cannot be resumed in another login; log in, and \
             send the rest with a new job",
        ),
        Ok(Left::Unsent) => report.warn("not everything is sent; wx resume tries the rest again"),
        Ok(Left::UnsentAndUnrecorded) => report.warn(
            "not everything is sent, and the record lacks the last reply; wx resume tries the rest \
             again, and may send that message again under its old id",
        ),
        Ok(Left::InDoubt) => report.warn("only messages that may have been delivered are left"),
        Ok(Left::Unrecorded) => report.warn(
            "everything is sent, but the record lacks the last reply; delete the directory and do \
             not resume",
        ),
        Err(error) => report.warn(&format!("the job's directory: {}", out::error_chain(&error))),
    }
}
