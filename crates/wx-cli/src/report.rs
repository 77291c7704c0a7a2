//! Events, lines, the progress bar and the exit code of a command's work.

mod state;

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use wx_proto::flow::{Exchanged, Progress};
use wx_proto::{Advice, Fetched, MediaId, Sent, Site, Step};

use self::state::{State, UnderWay};
use crate::args::Global;
use crate::event::{self, Subject};
use crate::out;
use crate::problem::{Class, Problem, short};
use crate::rate_limit;
use crate::trace::Trace;
use crate::transport::Ears;
use crate::withhold;

/// Tells what becomes of each subject, exactly once, to people or as JSON.
pub(crate) struct Report {
    json: bool,
    verbose: bool,
    stopped: AtomicBool,
    unfinished: AtomicBool,
    trace: OnceLock<Trace>,
    state: Mutex<State>,
}

impl Report {
    pub(crate) fn new(global: &Global, subjects: Vec<Subject>) -> Self {
        subjects.iter().for_each(|subject| withhold::allow_in_path(subject.name()));
        let bar = if global.verbose { None } else { out::bar() };
        let open = vec![true; subjects.len()];
        let state = State { subjects, open, bar, ..State::default() };
        Self {
            json: global.json,
            verbose: global.verbose,
            stopped: AtomicBool::new(false),
            unfinished: AtomicBool::new(false),
            trace: OnceLock::new(),
            state: Mutex::new(state),
        }
    }

    /// Adds a subject that became known on the way.
    pub(crate) fn add(&self, subject: Subject) -> usize {
        let mut state = self.state();
        state.subjects.push(subject);
        state.open.push(true);
        state.subjects.len() - 1
    }

    /// What the recipients' names stand for is known now: other subjects, in the same order. No event was about any of them.
    pub(crate) fn replace(&self, subjects: Vec<Subject>) {
        self.state().subjects = subjects;
    }

    /// A result that is no subject's: a line for people, or an event.
    pub(crate) fn tell(&self, line: &str, event: &serde_json::Value) {
        let state = self.state();
        if self.json { state.aside(|| out::json(event)) } else { state.say(false, line) }
    }

    /// As [`Report::tell`], on standard error for people: on the way to a result.
    pub(crate) fn tell_aside(&self, line: &str, event: &serde_json::Value) {
        let state = self.state();
        state.aside(|| if self.json { out::json(event) } else { out::note(line) });
    }

    /// Prints without the bar in the way.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        self.state().aside(print);
    }

    /// Tells of a subject that is over at once and need not be remembered, so that a command may run for ever.
    pub(crate) fn once(&self, subject: Subject, tell: impl FnOnce(usize)) {
        let number = self.add(subject);
        tell(number);
        let mut state = self.state();
        state.subjects.truncate(number);
        state.open.truncate(number);
    }

    /// No event is to be about this one: it was settled by an earlier run.
    pub(crate) fn known(&self, subject: usize) {
        let _ = self.state().settle(subject);
    }

    /// An earlier run may have sent this one: whatever stands in its way now, it is not told as
    /// failed.
    pub(crate) fn in_doubt(&self, subject: usize) {
        self.state().in_doubt.insert(subject);
    }

    /// Begins the trace, if one was asked for. `None` if it cannot be written; that is reported.
    pub(crate) fn trace(&self, global: &Global, site: &Site, uin: Option<u32>) -> Option<()> {
        let Some(path) = &global.trace else { return Some(()) };
        match Trace::create(path, site, uin, global.transport()) {
            Ok(trace) => self.trace.set(trace).ok(),
            Err(error) => {
                self.refuse(path, &Problem::from(error).hint("choose another file for the trace"));
                None
            }
        }
    }

    /// An exchange with the server is over.
    pub(crate) fn exchanged(&self, exchanged: &Exchanged) {
        self.traced(|trace| trace.exchanged(exchanged));
    }

    fn traced(&self, tell: impl FnOnce(&Trace)) {
        if let Some(trace) = self.trace.get() {
            tell(trace);
        }
    }

    /// A rate limit is to be noted beside this session file.
    pub(crate) fn watch_limit(&self, session: &Path) {
        self.state().session = Some(session.to_owned());
    }

    /// The command goes on until the user stops it: that is its end, and no failure.
    pub(crate) fn endless(&self) {
        self.state().endless = true;
    }

    /// Something to say once, as soon as the network is used.
    pub(crate) fn note_before_requests(&self, note: String) {
        self.state().note = Some(note);
    }

    /// Lines about results go to standard error.
    pub(crate) fn results_aside(&self) {
        self.state().results_aside = true;
    }

    /// Work at these subjects begins, with an upload that is already there if `media_id` names it.
    pub(crate) fn begin(&self, subjects: Range<usize>, media_id: Option<&MediaId>) {
        let mut state = self.state();
        state.active = subjects;
        state.under_way = UnderWay { media_id: media_id.cloned(), ..UnderWay::default() };
    }

    /// Something for people, among the results: on standard error if results for programs go to standard output.
    pub(crate) fn say(&self, line: &str) {
        self.state().say(self.json, line);
    }

    /// A warning.
    pub(crate) fn warn(&self, line: &str) {
        self.state().aside(|| out::error(line));
    }

    /// A message was accepted.
    pub(crate) fn sent(&self, subject: usize, sent: &Sent) {
        let mut state = self.state();
        let Some(subject) = state.settle(subject) else { return };
        self.traced(|trace| trace.sent(&subject, sent));
        let Subject::Picture { file, to } = subject else { return };
        let up = &sent.uploaded;
        if self.json {
            state.aside(|| {
                out::json(&event::sent(&file, &to, sent));
            });
        } else {
            let size = size(up.bytes, &up.md5);
            let chunks = if up.chunks == 1 { "1 chunk".to_owned() } else { format!("{} chunks", up.chunks) };
            state.say(false, &format!("sent {file} to {to}: MsgID {}, {size}, {chunks}", sent.msg_id));
        }
        if self.verbose {
            let media_id = short(up.media_id.as_str());
            state.aside(|| out::error(&format!("{file}: LocalID {}, MediaId {media_id}", sent.local_id)));
        }
    }

    /// A picture was fetched and is where it belongs.
    pub(crate) fn fetched(&self, subject: usize, fetched: &Fetched) {
        let mut state = self.state();
        let Some(subject) = state.settle(subject) else { return };
        self.traced(|trace| trace.fetched(&subject, fetched));
        let Subject::Message { msg_id, path } = subject else { return };
        if self.json {
            state.aside(|| {
                out::json(&event::fetched(&msg_id, path.as_deref(), fetched));
            });
        } else {
            let size = size(fetched.bytes, &fetched.md5);
            let to = path.map(|path| format!(" to {path}")).unwrap_or_default();
            state.say(false, &format!("fetched {msg_id}{to}: {}, {size}", fetched.format));
        }
    }

    /// The same thing went wrong with each of these. Says whether to go on with others.
    pub(crate) fn problem(&self, subjects: Range<usize>, problem: &Problem) -> ControlFlow<()> {
        let mut state = self.state();
        let several = subjects.len() > 1;
        let settled = self.settled(&mut state, subjects, problem);
        let Some((first, _)) = settled.first() else { return ControlFlow::Break(()) };
        if let (Some(rate_limit::RET), Some(session)) = (problem.ret, &state.session) {
            rate_limit::remember(session);
        }
        if problem.class == Class::Stopped && state.endless {
            return ControlFlow::Break(());
        }
        let to = match first {
            Subject::Picture { to, .. } if !several && state.subjects.len() > 1 => format!("to {to}: "),
            _ => String::new(),
        };
        let line = format!("{}: {to}{}", first.name(), problem.sentence());
        state.aside(|| {
            out::error(&line);
            if self.verbose {
                out::error(&format!("{}: {}", first.name(), problem.details()));
            }
        });
        self.tell_settled(&state, &settled, problem);
        match state.count(problem.class) {
            ControlFlow::Continue(()) if !self.stopped() => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    /// Nothing can be done at all, because of a thing that is none of the subjects: the session file.
    pub(crate) fn refuse(&self, thing: &Path, problem: &Problem) {
        let mut state = self.state();
        let line = format!("{}: {}", thing.display(), problem.sentence());
        state.aside(|| out::error(&line));
        let _ = state.count(problem.class);
        let message = format!("{}: {}", thing.display(), problem.message).into();
        let never = Problem { step: "not_started", message, ..problem.clone() };
        self.rest(&mut state, &never);
    }

    /// The work is over: what no event was about yet was not started.
    pub(crate) fn finish(&self) -> u8 {
        let mut state = self.state();
        let left = state.open.iter().filter(|open| **open).count();
        if left > 0 {
            state.failed = true;
            let files = if left == 1 { "1 message was".to_owned() } else { format!("{left} messages were") };
            state.aside(|| out::error(&format!("{files} not started")));
            self.rest(&mut state, &never_tried());
        }
        state.clear_bar();
        if out::lost() {
            state.failed = true;
            out::error("standard output could not be written: not everything was told");
        }
        match (state.unknown, state.usage, state.login, state.failed) {
            (true, ..) => 4,
            (_, true, ..) => 2,
            (_, _, true, _) => 3,
            (_, _, _, true) => 1,
            _ => 0,
        }
    }

    /// Asks the work to stop where it is.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// The work must not be left where it is until it is over: a login would go on that nobody has.
    pub(crate) fn set_unfinished(&self) {
        self.unfinished.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_unfinished(&self) -> bool {
        self.unfinished.load(Ordering::Relaxed)
    }

    /// Ctrl-C, and the work does not stop by itself: says what is known of everything that is still open. [`Class::Unknown`] if a message may be on its way.
    pub(crate) fn interrupt(&self) -> Class {
        let mut state = self.state();
        let problem = state.interrupted();
        let active = state.active.clone();
        let settled = self.settled(&mut state, active, &problem);
        state.clear_bar();
        if !state.endless {
            let name =
                settled.first().map(|(subject, _)| format!("{}: ", subject.name())).unwrap_or_default();
            out::error(&format!("{name}{}", problem.sentence()));
            self.tell_settled(&state, &settled, &problem);
            self.rest(&mut state, &never_tried());
        }
        state.closed = true;
        if state.unknown { Class::Unknown } else { problem.class }
    }

    /// Events of all that is still open.
    fn rest(&self, state: &mut State, problem: &Problem) {
        let all = 0..state.subjects.len();
        let settled = self.settled(state, all, problem);
        self.tell_settled(state, &settled, problem);
    }

    /// Settles those that are open, each with what is to be told of it.
    fn settled(
        &self,
        state: &mut State,
        subjects: Range<usize>,
        problem: &Problem,
    ) -> Vec<(Subject, Problem)> {
        let judged = |number| Some((state.settle(number)?, state.judge(number, problem)));
        let settled: Vec<_> = subjects.filter_map(judged).collect();
        for (_, problem) in &settled {
            state.unknown |= problem.event() == "unknown";
        }
        settled
    }

    /// Events of these; what was judged otherwise than as `problem` gets a line of its own.
    fn tell_settled(&self, state: &State, settled: &[(Subject, Problem)], problem: &Problem) {
        state.aside(|| {
            for (subject, judged) in settled {
                if let (Subject::Picture { file, to }, true) = (subject, judged.class != problem.class) {
                    out::error(&format!("{file}: to {to}: {}", judged.sentence()));
                }
                self.event(subject, judged);
            }
        });
    }

    fn event(&self, subject: &Subject, problem: &Problem) {
        self.traced(|trace| trace.problem(subject, problem));
        if self.json {
            out::json(&event::problem(subject, problem));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ears for Report {
    fn report(&self) -> &Report {
        self
    }
}

impl Report {
    /// A step of the job.
    pub(crate) fn progress(&self, progress: &Progress) {
        let mut state = self.state();
        let now = &mut state.under_way;
        let news =
            (now.step, now.chunk, now.attempt) != (Some(progress.step), progress.chunk, progress.attempt);
        (now.step, now.chunk, now.attempt) = (Some(progress.step), progress.chunk, progress.attempt);
        (now.local_id, now.in_doubt) = (progress.local_id.clone(), progress.in_doubt);
        if state.closed {
            return;
        }
        if !matches!(progress.step, Step::Prepare | Step::Digest)
            && let Some(note) = state.note.take()
        {
            state.aside(|| out::error(&note));
        }
        let name = state.name();
        if let Some(bar) = &state.bar {
            if progress.total > 0 {
                bar.set_length(progress.total);
            }
            bar.set_position(progress.done);
            if news {
                bar.set_message(out::shown(&format!("{}: {name}", words(progress))));
            }
        }
        if self.verbose && news && (progress.attempt > 0 || progress.step == Step::Digest) {
            let size = match progress.total {
                0 => String::new(),
                total => format!(" ({} of {total} bytes done)", progress.done),
            };
            let why = match &progress.last_error {
                Some(error) => format!("; the last try failed: {}", out::words(error)),
                None => String::new(),
            };
            out::error(&format!("{name}: {}{size}{why}", words(progress)));
        }
    }

    /// Whether the work is to stop where it is.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// What it means to stop now.
    pub(crate) fn interrupted(&self) -> Problem {
        self.state().interrupted()
    }
}

fn size(bytes: u64, md5: &str) -> String {
    format!("{bytes} bytes, MD5 {md5}")
}

fn never_tried() -> Problem {
    Problem { step: "not_started", advice: None, ..Problem::local("not started", Advice::RetryLater) }
}

/// A step in words.
fn words(progress: &Progress) -> String {
    let what = match (progress.step, progress.chunk) {
        (Step::Upload, Some(chunk)) => format!("uploading chunk {} of {}", chunk.index + 1, chunk.of),
        (Step::Prepare, _) => "preparing".to_owned(),
        (Step::Digest, _) => "reading".to_owned(),
        (Step::Check, _) => "checking the upload".to_owned(),
        (Step::Upload, None) => "uploading".to_owned(),
        (Step::Message, _) => "sending the message".to_owned(),
        (Step::Download, _) => "fetching".to_owned(),
        (step, _) => step.name().to_owned(),
    };
    if progress.attempt > 1 { format!("{what}, try {}", progress.attempt) } else { what }
}
