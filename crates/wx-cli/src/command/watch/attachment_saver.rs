//! Saves the attachments of messages.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wx_proto::{Advice, Attachment, AttachmentKind, Fetched, Message};

use super::batch_budget::BatchBudget;
use super::free_space;
use super::media_dir::MediaDir;
use super::retry_until::RetryUntil;
use crate::client::Client;
use crate::command::fetch::{warn_of_md5, warn_of_size};
use crate::event::Subject;
use crate::problem::{Class, FileRole, Problem};
use crate::report::Report;

/// What is saved, and where.
pub(super) struct SavePlan {
    pub(super) dir: MediaDir,
    /// Whether only pictures are saved, and the covers of videos instead of the videos.
    pub(super) images_only: bool,
    /// How much of the disk is kept free, in bytes.
    pub(super) keep_free: u64,
}

/// Saves attachments until the login is over.
pub(super) struct AttachmentSaver<'a> {
    pub(super) plan: SavePlan,
    pub(super) client: &'a Client,
    pub(super) retry: &'a RetryUntil<'a>,
    pub(super) report: &'a Report,
    /// The problem that has ended the login. The rest of the batch is still reported, because no
    /// later login receives these messages.
    pub(super) over: Option<Problem>,
    /// The time for the batch.
    pub(super) budget: BatchBudget,
}

/// Why an attachment that is too large is not fetched.
const TOO_LARGE_HINT: &str = "a larger --max-size saves such attachments";
const NOT_TRIED_HINT: &str = "fetch it with wx fetch --message";
const SKIPPED_HINT: &str = "free some space, and fetch it with wx fetch --message";
const NO_ROOM_HINT: &str = "free some space, or set a smaller --keep-free";

impl AttachmentSaver<'_> {
    /// Saves what a message holds, and reports the result. Returns the absolute path of the saved
    /// attachment, if there is one.
    ///
    /// Fails only if no other attachment can be saved either. The message is then received again by
    /// the next `watch`.
    pub(super) fn save(&mut self, message: &Message) -> Result<Option<PathBuf>, Problem> {
        let attachment = match self.plan.images_only {
            true => message.cover().or_else(|| message.attachment()).filter(is_image),
            false => message.attachment(),
        };
        let Some(attachment) = attachment else { return Ok(None) };
        let saved = self.plan.dir.find(&attachment);
        if saved.is_some() {
            return Ok(saved);
        }
        match (&self.over, self.budget.patience()) {
            (Some(problem), _) => failed(&attachment, problem, self.report),
            (None, Some(patience)) => self.fetch(&attachment, patience)?,
            (None, None) => {
                let what = "not tried: the attachments of this batch have taken too long";
                let problem = Problem::local(what, Advice::RetryLater).hint(NOT_TRIED_HINT);
                failed(&attachment, &problem, self.report);
            }
        }
        Ok(self.plan.dir.find(&attachment))
    }

    /// Fetches an attachment into the directory.
    fn fetch(&mut self, attachment: &Attachment, patience: Duration) -> Result<(), Problem> {
        let report = self.report;
        warn_of_size(attachment, report);
        let retry = self.retry;
        let begun = Instant::now();
        let fetched = retry.run(report.token(), Some(patience), || self.try_once(attachment));
        match fetched {
            Ok((path, fetched)) => {
                warn_of_md5(attachment, &fetched, report);
                let path = Some(path.to_string_lossy().into_owned());
                let subject = Subject::attachment(attachment, path);
                report.once(subject, |number| report.fetched(number, &fetched));
            }
            Err(problem) if report.stopped() => return Err(problem),
            // If the disk is full, no attachment can be saved, so `watch` exits. The next `watch`
            // receives the message again.
            Err(problem) if problem.file == FileRole::Output => {
                failed(attachment, &problem, report);
                // The session file is not the cause.
                report.known(0);
                return Err(problem);
            }
            Err(problem) => {
                self.budget.failed_for(begun.elapsed());
                failed(attachment, &problem, report);
                self.over = (problem.class == Class::Login).then_some(problem);
            }
        }
        Ok(())
    }

    fn try_once(&mut self, attachment: &Attachment) -> Result<(PathBuf, Fetched), Problem> {
        let SavePlan { dir, keep_free, .. } = &mut self.plan;
        let max_size = self.client.policy().fetch_limit(&attachment.kind);
        let room = free_space::room(dir.path(), *keep_free).map_err(|error| dir.on(&error))?;
        let limits = Limits { max_size, room, keep_free: *keep_free };
        limits.check_announced(attachment).map_err(|problem| problem.at_output(dir.path()))?;
        dir.save(attachment, |path: &Path| {
            let options = self.report.options();
            let fetched = self.client.fetch_up_to(limits.smaller(), attachment, path, options);
            fetched.map_err(|problem| limits.explain(problem))
        })
    }
}

/// The limits on the size of an attachment.
#[derive(Clone, Copy)]
struct Limits {
    max_size: u64,
    /// How much can be written while `keep_free` bytes stay free, if it is known.
    room: Option<u64>,
    keep_free: u64,
}

impl Limits {
    /// Returns the limit that is reached first.
    fn smaller(self) -> u64 {
        self.room.unwrap_or(u64::MAX).min(self.max_size)
    }

    /// Checks what is known before the download.
    fn check_announced(self, attachment: &Attachment) -> Result<(), Problem> {
        let len = attachment.file().and_then(|file| file.len).unwrap_or(0);
        if len > self.max_size {
            let limit = self.max_size;
            let what = format!("the file has {len} bytes, more than the limit of {limit} bytes");
            return Err(Problem::local(what, Advice::RaiseLimit).hint(TOO_LARGE_HINT));
        }
        match self.room {
            Some(0) => Err(self.no_room()),
            // The sender claims the length, so this must not end the watch.
            Some(room) if len > room => {
                let what = format!(
                    "the file has {len} bytes, and less than {} bytes of the disk would stay free",
                    self.keep_free
                );
                Err(Problem::local(what, Advice::CheckFile).hint(SKIPPED_HINT))
            }
            _ => Ok(()),
        }
    }

    /// Returns the problem of a download, with what to do if it was too large.
    fn explain(self, problem: Problem) -> Problem {
        match problem.advice {
            Some(Advice::RaiseLimit) if self.smaller() < self.max_size => self.no_room(),
            Some(Advice::RaiseLimit) => problem.hint(TOO_LARGE_HINT),
            _ => problem,
        }
    }

    fn no_room(self) -> Problem {
        let what = format!("less than {} bytes of the disk would stay free", self.keep_free);
        Problem::local(what, Advice::CheckFile).with_output().hint(NO_ROOM_HINT)
    }
}

/// Returns whether an attachment is a picture. The cover of a video is one too.
fn is_image(attachment: &Attachment) -> bool {
    matches!(attachment.kind, AttachmentKind::Image { .. })
}

/// Reports an attachment that could not be fetched.
fn failed(attachment: &Attachment, problem: &Problem, report: &Report) {
    let subject = Subject::attachment(attachment, None);
    report.once(subject, |number| {
        let _ = report.problem(number..number + 1, problem);
    });
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use wx_client::CancelToken;
    use wx_emulator::{Emulator, Incoming};
    use wx_proto::{Policy, Session};

    use super::*;
    use crate::args::{Args, Transport};
    use crate::command::watch::retry_until::PATIENCE;

    /// The login must not end while the attachments of one batch are fetched.
    #[test]
    fn attachments_take_their_time_from_the_batch() {
        let args = Args::parse_from(["wx", "demo"]);
        let report = Report::new(&args.global, Vec::new());
        let emulator = Emulator::builder().fault("status=403@webwxgetmsgimg".parse().unwrap());
        let emulator = emulator.start().unwrap();
        emulator.deliver(Incoming::image(&b"an image"[..]));
        let session = Session::from_json_allow_loopback(emulator.session_json()).unwrap();
        let client = Client::new(Transport::Ureq, session, Policy::default()).unwrap();
        client.restore(report.options()).unwrap();
        let options = report.options().cancel(&CancelToken::new());
        let batch = client.next_batch(options).unwrap();
        let (dir, retry) = (tempfile::tempdir().unwrap(), RetryUntil::new(&report));
        let dir = MediaDir::open(dir.path()).unwrap();
        let mut saver = AttachmentSaver {
            plan: SavePlan { dir, images_only: false, keep_free: 0 },
            client: &client,
            retry: &retry,
            report: &report,
            over: None,
            budget: BatchBudget::used_up(),
        };
        assert_eq!(saver.save(&batch[0]).unwrap(), None);
        assert_eq!(emulator.requests_to("webwxgetmsgimg"), 0);
        saver.budget = BatchBudget::new();
        assert_eq!(saver.save(&batch[0]).unwrap(), None);
        assert!(emulator.requests_to("webwxgetmsgimg") > 0);
        assert!(saver.budget.patience().unwrap() < PATIENCE);
    }

    #[test]
    fn a_claimed_length_ends_the_watch_only_if_there_is_no_room_at_all() {
        let attachment: Attachment = serde_json::from_str(
            r#"{"msg_id":"1","kind":"file","sender":"@a","media_id":"@b","len":1000}"#,
        )
        .unwrap();
        let limits = |room| Limits { max_size: 2000, room, keep_free: 100 };
        let file = |room| limits(room).check_announced(&attachment).map_err(|problem| problem.file);
        for room in [None, Some(1000)] {
            assert!(file(room).is_ok(), "{room:?}");
        }
        assert_ne!(file(Some(999)), Err(FileRole::Output), "only this file is skipped");
        assert!(file(Some(999)).is_err());
        assert_eq!(file(Some(0)), Err(FileRole::Output));
    }
}
