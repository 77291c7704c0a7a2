//! Pictures to people, one after the other; from the beginning, or from where a saved job was.

use std::io;
use std::ops::{ControlFlow, Range};
use std::thread;
use std::time::{Duration, Instant};

use wx_proto::flow::{Resume, Snapshot};
use wx_proto::{Advice, Sent, Uploaded};

use crate::files::Input;
use crate::problem::{Class, Problem};
use crate::report::Report;
use crate::saved::{Plan, Saved};
use crate::transport::{Client, Ears, Start, unix_ms};

pub(crate) struct Batch<'a> {
    pub(crate) client: &'a Client,
    pub(crate) plan: &'a Plan,
    /// Where the job is saved.
    pub(crate) saved: Option<Saved>,
    /// Whether a message whose fate is unknown is sent once more.
    pub(crate) resend: bool,
    pub(crate) report: &'a Report,
}

impl Batch<'_> {
    pub(crate) fn run(mut self) {
        let open: Vec<_> =
            (0..self.plan.files.len()).filter(|file| self.open(*file).next().is_some()).collect();
        for (at, file) in open.into_iter().enumerate() {
            if at > 0 {
                pause(self.plan.pace, self.report);
            }
            if self.report.stopped() || self.picture(file).is_break() {
                break;
            }
        }
        match self.saved.map(Saved::close) {
            Some(Ok(true)) => self.report.warn("not all is sent; wx resume goes on with the rest"),
            Some(Err(error)) => {
                self.report.warn(&format!("the job's directory: {}", crate::out::words(&error)))
            }
            Some(Ok(false)) | None => {}
        }
    }

    /// Uploads a picture and sends it to everybody who has not got it.
    fn picture(&mut self, file: usize) -> ControlFlow<()> {
        let all = self.subjects(file);
        self.report.begin(all.clone(), None);
        let (uploaded, mut begun) = match self.upload(file) {
            Ok(got) => got,
            Err(problem) => return self.report.problem(all, &problem),
        };
        let mut open: Vec<_> = self.open(file).collect();
        // What is in doubt comes first: the next message takes its place in the directory.
        open.sort_by_key(|to| begun.as_ref().is_none_or(|begun| *begun.to() != self.plan.to[*to]));
        for to in open {
            if self.report.stopped() {
                return ControlFlow::Break(());
            }
            let subject = all.start + to;
            self.report.begin(subject..subject + 1, Some(&uploaded.media_id));
            let begun = begun.take().filter(|begun| *begun.to() == self.plan.to[to]);
            match self.message(file, to, &uploaded, begun) {
                Ok(sent) => self.report.sent(subject, &sent),
                Err(problem) => self.report.problem(subject..subject + 1, &problem)?,
            }
        }
        ControlFlow::Continue(())
    }

    /// What was uploaded, now or before, and what was begun with it.
    fn upload(&self, file: usize) -> Result<(Uploaded, Option<Snapshot>), Problem> {
        let snapshot = self.saved.as_ref().map_or(Ok(None), |saved| saved.snapshot(file))?;
        if let Some(uploaded) = snapshot.as_ref().and_then(Snapshot::uploaded).cloned() {
            return Ok((uploaded, snapshot));
        }
        let input = Input::of(&self.plan.files[file])?;
        if self.saved.is_some() && matches!(input, Input::Once(_)) {
            return Err(Problem::local("it can be read only once", Advice::CheckFile)
                .hint("a job that can be resumed needs regular files"));
        }
        let start = match snapshot {
            Some(snapshot) => self.go_on(snapshot),
            None => Start::New(&self.plan.to[self.open(file).next().unwrap_or_default()]),
        };
        let uploaded = self.client.upload(start, input, &self.ears(file))?;
        if let Some(start_pos) = uploaded.odd_start_pos {
            let name = self.plan.files[file].display();
            let bytes = uploaded.bytes;
            self.report.warn(&format!("{name}: warning: the server counts {start_pos} bytes of {bytes}"));
        }
        Ok((uploaded, None))
    }

    fn message(
        &mut self,
        file: usize,
        to: usize,
        uploaded: &Uploaded,
        begun: Option<Snapshot>,
    ) -> Result<Sent, Problem> {
        let start = match begun {
            Some(snapshot) => self.go_on(snapshot),
            None => Start::New((&self.plan.to[to], uploaded)),
        };
        let sent = self.client.message(start, &self.ears(file)).map_err(|problem| Problem {
            media_id: problem.media_id.clone().or_else(|| Some(uploaded.media_id.as_str().into())),
            hint: (self.saved.is_some() && problem.class == Class::Unknown).then_some(LOOK).or(problem.hint),
            ..problem
        })?;
        if let Some(saved) = &mut self.saved
            && let Err(error) = saved.sent(file, to, sent.msg_id.clone())
        {
            self.report.warn(&format!("the job's directory: {}", crate::out::words(&error)));
        }
        Ok(sent)
    }

    fn go_on<T>(&self, snapshot: Snapshot) -> Start<T> {
        Start::Saved(Box::new(snapshot), Resume { unix_ms: unix_ms(), resend: self.resend })
    }

    fn ears(&self, file: usize) -> Kept<'_> {
        Kept { report: self.report, saved: self.saved.as_ref(), file }
    }

    fn subjects(&self, file: usize) -> Range<usize> {
        file * self.plan.to.len()..(file + 1) * self.plan.to.len()
    }

    /// The recipients who have not got a picture yet.
    fn open(&self, file: usize) -> impl Iterator<Item = usize> {
        (0..self.plan.to.len())
            .filter(move |to| self.saved.as_ref().is_none_or(|saved| !saved.is_sent(file, *to)))
    }
}

/// What to do about a message in doubt of a saved job.
const LOOK: &str =
    "look at the conversation on the phone; if it is not there, wx resume --resend sends it once more";

/// Saves each state of a picture before it is acted on.
struct Kept<'a> {
    report: &'a Report,
    saved: Option<&'a Saved>,
    file: usize,
}

impl Ears for Kept<'_> {
    fn report(&self) -> &Report {
        self.report
    }

    fn save(&self, snapshot: &Snapshot) -> io::Result<()> {
        self.saved.map_or(Ok(()), |saved| saved.save(self.file, snapshot))
    }
}

/// Waits, unless the work is to stop.
pub(crate) fn pause(time: Duration, report: &Report) {
    let until = Instant::now() + time;
    while !report.stopped() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20).min(until.saturating_duration_since(Instant::now())));
    }
}
