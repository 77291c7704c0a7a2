//! Sends the pictures of a job to its recipients, one after the other.

use std::ops::{ControlFlow, Range};

use wx_client::outbox::UploadTurn;
use wx_proto::{Advice, Sent, Uploaded};

use crate::client::Client;
use crate::files::Input;
use crate::job_dir::{JobDir, Left};
use crate::out;
use crate::pace::pace_before;
use crate::problem::{Class, LOOK, Problem};
use crate::report::Report;

pub(crate) struct Batch<'a> {
    pub(crate) client: &'a Client,
    pub(crate) job: JobDir,
    /// Whether a message in doubt is sent again.
    pub(crate) resend: bool,
    pub(crate) report: &'a Report,
}

impl Batch<'_> {
    pub(crate) fn run(self) {
        let mut open: Vec<_> = (0..self.job.plan().files.len())
            .filter(|file| self.open(*file).next().is_some())
            .collect();
        // Messages in doubt are sent first: soon they can no longer be repeated.
        open.sort_by_key(|file| !self.open(*file).any(|to| self.job.is_in_doubt(*file, to)));
        for (at, file) in open.into_iter().enumerate() {
            self.report.token().sleep(pace_before(at, self.job.plan().pace));
            // Nothing is begun that cannot be recorded.
            if self.report.stopped() || self.job.is_broken() || self.picture(file).is_break() {
                break;
            }
        }
        close(self.job, self.report);
    }

    /// Uploads a picture and sends it to all recipients that have not received it.
    fn picture(&self, file: usize) -> ControlFlow<()> {
        let all = self.subjects(file);
        self.report.begin(all.clone(), None);
        let mut open: Vec<_> = self.open(file).collect();
        open.sort_by_key(|to| !self.job.is_in_doubt(file, *to));
        let uploaded = match self.upload(file, open[0]) {
            Ok(uploaded) => uploaded,
            Err(problem) => return self.report.problem(all, &problem),
        };
        for to in open {
            if self.report.stopped() || self.job.is_broken() {
                return ControlFlow::Break(());
            }
            let subject = all.start + to;
            self.report.begin(subject..subject + 1, Some(&uploaded.media_id));
            match self.message(file, to, &uploaded) {
                Ok(sent) => self.report.sent(subject, &sent),
                Err(problem) => self.report.problem(subject..subject + 1, &problem)?,
            }
        }
        ControlFlow::Continue(())
    }

    /// Returns the upload of a picture, which may be finished already.
    fn upload(&self, file: usize, to: usize) -> Result<Uploaded, Problem> {
        let session = &self.client.session();
        let message = self.job.message(file, to, session)?;
        if let UploadTurn::Finished(uploaded) = message.take_upload(session)? {
            return Ok(uploaded);
        }
        if !message.is_upload_begun(session) {
            self.job.check_unchanged(file)?;
        }
        let path = &self.job.plan().files[file];
        let input = Input::of(path)?;
        if self.job.is_kept() && matches!(input, Input::Once(_)) {
            return Err(Problem::local("it can be read only once", Advice::CheckFile)
                .hint("a job that can be resumed needs regular files"));
        }
        let (kind, options) = (self.job.plan().kind, self.report.options());
        let uploaded = self.client.upload(&message, input, kind, options)?;
        if let Some(start_pos) = uploaded.server_byte_count {
            let (name, bytes) = (path.display(), uploaded.bytes);
            self.report
                .warn(&format!("{name}: warning: the server counts {start_pos} bytes of {bytes}"));
        }
        Ok(uploaded)
    }

    fn message(&self, file: usize, to: usize, uploaded: &Uploaded) -> Result<Sent, Problem> {
        let message = self.job.message(file, to, &self.client.session())?;
        let options = self.report.options();
        let sent =
            self.client.send(&message, uploaded, self.resend, options).map_err(|problem| {
                Problem {
                    media_id: problem
                        .media_id
                        .clone()
                        .or_else(|| Some(uploaded.media_id.as_str().into())),
                    hint: match problem.class {
                        Class::Unknown | Class::InDoubt if self.job.is_kept() => Some(LOOK),
                        _ => problem.hint,
                    },
                    ..problem
                }
            })?;
        if let Err(error) = message.set_sent(&sent) {
            self.report.warn(&out::words(&error));
            self.job.set_unrecorded();
        }
        Ok(sent)
    }

    fn subjects(&self, file: usize) -> Range<usize> {
        let recipients = self.job.plan().to.len();
        file * recipients..(file + 1) * recipients
    }

    /// Returns the recipients for whom a picture is not settled.
    fn open(&self, file: usize) -> impl Iterator<Item = usize> {
        (0..self.job.plan().to.len()).filter(move |to| !self.job.is_settled(file, *to))
    }
}

/// Ends the work on a job, and reports what is left of it.
pub(crate) fn close(job: JobDir, report: &Report) {
    match job.close() {
        Ok(Left::Nothing) => {}
        Ok(Left::Unsent) => report.warn("not everything is sent; wx resume sends the rest"),
        Ok(Left::UnsentAndUnrecorded) => report.warn(
            "not everything is sent, and the record lacks the last reply; wx resume sends the \
             rest, and may send that message again under its old id",
        ),
        Ok(Left::InDoubt) => report.warn("only messages that may have been delivered are left"),
        Ok(Left::Unrecorded) => report.warn(
            "everything is sent, but the record lacks the last reply; delete the directory and do \
             not resume",
        ),
        Err(error) => report.warn(&format!("the job's directory: {}", out::words(&error))),
    }
}
