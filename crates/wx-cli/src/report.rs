//! The events, lines, progress bar and exit code of a command.

mod end;
mod progress;
mod state;
mod stop;
mod unfinished;

use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use wx_client::RunOptions;
use wx_client::clock::unix_ms;
use wx_proto::{Fetched, Md5, MediaId, MediaKind, Sent, Site, Skipped};

use self::state::{CurrentStep, State};
use self::stop::Stop;
pub(crate) use self::unfinished::Unfinished;
use crate::args::Global;
use crate::event::{self, Subject};
use crate::out;
use crate::problem::{Class, Problem, short};
use crate::trace::Trace;
use crate::withhold;

/// Reports the outcome of each subject exactly once, to people or as JSON.
pub(crate) struct Report {
    json: bool,
    verbose: bool,
    stop: Stop,
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
            stop: Stop::default(),
            trace: OnceLock::new(),
            state: Mutex::new(state),
        }
    }

    /// Adds a subject.
    pub(crate) fn add(&self, subject: Subject) -> usize {
        let mut state = self.state();
        state.subjects.push(subject);
        state.open.push(true);
        state.subjects.len() - 1
    }

    /// Replaces all subjects, once the recipients' names have been looked up. No event of a subject
    /// may have been reported before.
    pub(crate) fn replace(&self, subjects: Vec<Subject>) {
        self.state().subjects = subjects;
    }

    /// Prints the result of something that must not be done twice: a line for people, or an event.
    /// If standard output cannot be written, prints the line on standard error.
    pub(crate) fn receipt(&self, line: &str, event: &serde_json::Value) {
        self.state().receipt(line, self.json.then_some(event));
    }

    /// Prints a result that belongs to no subject: a line for people, or an event.
    pub(crate) fn tell(&self, line: &str, event: &serde_json::Value) {
        let state = self.state();
        if self.json { state.aside(|| out::json(event)) } else { state.say(false, line) }
    }

    /// Like [`Report::tell`], but the line for people is printed on standard error.
    pub(crate) fn tell_aside(&self, line: &str, event: &serde_json::Value) {
        let state = self.state();
        state.aside(|| if self.json { out::json(event) } else { out::note(line) });
    }

    /// Like [`Report::tell`], for a finding that counts as a problem of this class, if any.
    pub(crate) fn finding(&self, line: &str, event: &serde_json::Value, class: Option<Class>) {
        self.tell(line, event);
        if let Some(class) = class {
            let _ = self.state().count(class);
        }
    }

    /// Hides the progress bar while `print` runs.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        self.state().aside(print);
    }

    /// Adds a subject only while `tell` runs, so that memory does not grow with the runtime of the
    /// command.
    pub(crate) fn once(&self, subject: Subject, tell: impl FnOnce(usize)) {
        let number = self.add(subject);
        tell(number);
        let mut state = self.state();
        state.subjects.truncate(number);
        state.open.truncate(number);
    }

    /// Settles a subject without reporting an event.
    pub(crate) fn known(&self, subject: usize) {
        let _ = self.state().settle(subject);
    }

    /// Marks a subject that an earlier run may have sent. It is not reported as failed.
    pub(crate) fn in_doubt(&self, subject: usize) {
        self.state().in_doubt.insert(subject);
    }

    /// Begins the trace, if the user asked for one. If it cannot be written, reports that and
    /// returns `None`.
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

    /// Returns options that show progress, write the trace, and stop the request at a signal.
    pub(crate) fn options(&self) -> RunOptions<'_> {
        RunOptions::new()
            .progress(|progress| self.progress(progress))
            .trace(|exchange| self.traced(|trace| trace.exchange(exchange)))
            .on_request(withhold::request)
            .cancel(self.token())
    }

    fn traced(&self, tell: impl FnOnce(&Trace)) {
        if let Some(trace) = self.trace.get() {
            tell(trace);
        }
    }

    /// Sets the session file next to which a rate limit is recorded.
    pub(crate) fn watch_limit(&self, session: &Path) {
        self.state().session = Some(session.to_owned());
    }

    /// Marks a command that runs until the user stops it. Being stopped is then not a failure.
    pub(crate) fn endless(&self) {
        self.state().endless = true;
    }

    /// Sets a note that is printed once, before the first request.
    pub(crate) fn note_before_requests(&self, note: String) {
        self.state().note = Some(note);
    }

    /// Prints the lines about results on standard error from now on.
    pub(crate) fn results_aside(&self) {
        self.state().results_aside = true;
    }

    /// Begins the work on these subjects. `media_id` is set if the upload is finished.
    pub(crate) fn begin(&self, subjects: Range<usize>, media_id: Option<&MediaId>) {
        let mut state = self.state();
        state.active = subjects;
        state.current = CurrentStep { media_id: media_id.cloned(), ..CurrentStep::default() };
    }

    /// Sets the kind of these subjects, which is known once the file was read.
    pub(crate) fn set_kind(&self, subjects: Range<usize>, of_file: MediaKind) {
        for subject in self.state().subjects.get_mut(subjects).into_iter().flatten() {
            if let Subject::Outbound { kind, .. } = subject {
                *kind = Some(of_file.name());
            }
        }
    }

    /// Prints a line for people, on standard error if standard output carries results for programs.
    pub(crate) fn say(&self, line: &str) {
        self.state().say(self.json, line);
    }

    /// Prints a warning.
    pub(crate) fn warn(&self, line: &str) {
        self.state().aside(|| out::error(line));
    }

    /// Reports how many messages or contacts were skipped, if any.
    pub(crate) fn skipped(&self, what: &str, skipped: Skipped) {
        if !skipped.is_empty() {
            let event = event::skipped(what, skipped);
            self.tell_aside(&format!("skipped {what}: {skipped}"), &event);
        }
    }

    /// Reports a message that the server accepted.
    pub(crate) fn sent(&self, subject: usize, sent: &Sent) {
        let mut state = self.state();
        let Some(subject) = state.settle(subject) else { return };
        self.traced(|trace| trace.sent(&subject, sent));
        let name = subject.name().to_owned();
        let event = event::sent(&subject, sent, sent.accepted_at.unwrap_or_else(unix_ms));
        let Subject::Outbound { given, .. } = subject else { return };
        let own_name = Path::new(&name).file_name().unwrap_or_default().to_string_lossy();
        let about = sent.uploaded.as_ref().map(|uploaded| {
            let size = size(uploaded.bytes, uploaded.md5);
            let size = match uploaded.name != own_name {
                true => format!("as {}, {size}", uploaded.name),
                false => size,
            };
            match uploaded.chunks {
                1 => format!(", {size}, 1 chunk"),
                chunks => format!(", {size}, {chunks} chunks"),
            }
        });
        let about = about.unwrap_or_default();
        let line = format!("sent {name} to {given}: MsgID {}{about}", sent.msg_id);
        state.receipt(&line, self.json.then_some(&event));
        if self.verbose {
            let media_id = sent
                .uploaded
                .as_ref()
                .map(|uploaded| format!(", MediaId {}", short(uploaded.media_id.as_str())));
            let media_id = media_id.unwrap_or_default();
            state.aside(|| out::error(&format!("{name}: LocalID {}{media_id}", sent.local_id)));
        }
    }

    /// Reports an attachment or an avatar that was fetched and saved.
    pub(crate) fn fetched(&self, subject: usize, fetched: &Fetched) {
        let mut state = self.state();
        let Some(subject) = state.settle(subject) else { return };
        self.traced(|trace| trace.fetched(&subject, fetched));
        let event = event::fetched(&subject, fetched);
        let size = size(fetched.bytes, fetched.md5);
        let format = fetched.format.map(|format| format!("{format}, ")).unwrap_or_default();
        let to = subject.path().map(|path| format!(" to {path}")).unwrap_or_default();
        let line = format!("fetched {}{to}: {format}{size}", subject.name());
        state.receipt(&line, self.json.then_some(&event));
    }

    /// Reports that the owner of an avatar has no picture.
    pub(crate) fn no_picture(&self, subject: usize) {
        let mut state = self.state();
        let Some(subject) = state.settle(subject) else { return };
        state.no_picture = true;
        self.traced(|trace| trace.no_picture(&subject));
        let line = format!("{}: the server has no picture", subject.name());
        state.receipt(&line, self.json.then_some(&event::no_picture(&subject)));
    }

    /// Reports a message that was revoked.
    pub(crate) fn revoked(&self, subject: usize) {
        let mut state = self.state();
        let Some(subject) = state.settle(subject) else { return };
        self.traced(|trace| trace.revoked(&subject));
        let Subject::Revocation { msg_id, to, given } = &subject else { return };
        let event = event::revoked(msg_id.as_ref(), to, given);
        let line = format!("revoked {} to {given}", subject.name());
        state.receipt(&line, self.json.then_some(&event));
    }

    /// Returns the problem to report if the command is interrupted now.
    pub(crate) fn interrupted(&self) -> Problem {
        self.state().interrupted()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn size(bytes: u64, md5: Md5) -> String {
    format!("{bytes} bytes, MD5 {md5}")
}
