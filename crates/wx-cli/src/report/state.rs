//! The state of the work.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;

use indicatif::ProgressBar;
use serde_json::Value;
use wx_proto::{Advice, ChunkNumber, LocalId, MediaId, Step};

use crate::event::Subject;
use crate::out;
use crate::problem::{Class, INTERRUPTED, Problem};

#[derive(Default)]
pub(super) struct State {
    pub(super) subjects: Vec<Subject>,
    /// For each subject, whether its event is still to be reported.
    pub(super) open: Vec<bool>,
    /// Subjects that an earlier run may have sent. They are never reported as failed.
    pub(super) in_doubt: BTreeSet<usize>,
    /// The subjects in progress.
    pub(super) active: Range<usize>,
    pub(super) current: CurrentStep,
    /// Whether results are printed on standard error, because the attachment is written to standard
    /// output.
    pub(super) results_aside: bool,
    pub(super) note: Option<String>,
    pub(super) bar: Option<ProgressBar>,
    pub(super) failed: bool,
    pub(super) login: bool,
    /// Whether there is no picture to fetch.
    pub(super) no_picture: bool,
    pub(super) unknown: bool,
    /// Whether the server has said that the login is over.
    pub(super) login_over: bool,
    /// Whether the arguments or the environment are wrong.
    pub(super) usage: bool,
    /// Whether the command has ended because standard output cannot be written.
    pub(super) output_refused: bool,
    /// The session file next to which a rate limit is recorded.
    pub(super) session: Option<PathBuf>,
    /// Whether the command runs until the user stops it. Being stopped is then not reported.
    pub(super) endless: bool,
    /// Whether the command was interrupted. Nothing more is printed then.
    pub(super) closed: bool,
}

/// The step in progress.
#[derive(Default)]
pub(super) struct CurrentStep {
    pub(super) step: Option<Step>,
    pub(super) chunk: Option<ChunkNumber>,
    pub(super) attempt: Option<u32>,
    pub(super) local_id: Option<LocalId>,
    pub(super) in_doubt: bool,
    pub(super) media_id: Option<MediaId>,
}

impl State {
    /// Settles a subject. Returns it if its event is still to be reported.
    pub(super) fn settle(&mut self, subject: usize) -> Option<Subject> {
        if self.closed || !std::mem::take(self.open.get_mut(subject)?) {
            return None;
        }
        self.current.in_doubt = false;
        self.subjects.get(subject).cloned()
    }

    /// Adapts a problem to what is known about the subject.
    pub(super) fn judge(&self, subject: usize, problem: &Problem) -> Problem {
        let is_certain = !matches!(problem.class, Class::Unknown | Class::InDoubt | Class::GivenUp);
        if is_certain && self.in_doubt.contains(&subject) {
            Problem::in_doubt()
        } else {
            problem.clone()
        }
    }

    /// Returns the problem to report if the command is interrupted now.
    pub(super) fn interrupted(&self) -> Problem {
        let now = &self.current;
        let (class, advice, message) = if now.in_doubt {
            let message = match now.step {
                Some(Step::Call) => "interrupted: it may have been revoked",
                _ => "interrupted: it may have been delivered",
            };
            (Class::Unknown, Advice::LookAtPhone, message)
        } else {
            (Class::Stopped, Advice::RetryLater, INTERRUPTED)
        };
        Problem {
            class,
            step: now.step.map_or("not_started", Step::name),
            chunk: now.chunk.map(|chunk| chunk.index),
            local_id: now.local_id.as_ref().filter(|_| now.in_doubt).map(|id| id.as_str().into()),
            media_id: now.media_id.as_ref().map(|id| id.as_str().into()),
            ..Problem::local(message, advice)
        }
    }

    pub(super) fn count(&mut self, class: Class) -> ControlFlow<()> {
        match class {
            Class::Failed | Class::SlowDown | Class::Passed | Class::Stopped => self.failed = true,
            Class::Login => self.login = true,
            Class::Unknown | Class::InDoubt => self.unknown = true,
            Class::Usage => self.usage = true,
            Class::GivenUp => {}
        }
        match class {
            Class::Failed | Class::InDoubt | Class::GivenUp | Class::Passed => {
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(()),
        }
    }

    pub(super) fn say(&self, json: bool, line: &str) {
        self.aside(|| if json || self.results_aside { out::note(line) } else { out::line(line) });
    }

    /// Prints the result of something that must not be done twice: an event, or a line for people.
    pub(super) fn receipt(&self, line: &str, event: Option<&Value>) {
        self.aside(|| match event {
            None if self.results_aside => out::note(line),
            event => out::receipt(line, event),
        });
    }

    /// Prints while the progress bar is hidden.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        match &self.bar {
            _ if self.closed => {}
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    pub(super) fn clear_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Returns the name of the subject in progress.
    pub(super) fn name(&self) -> String {
        self.subject().map(|subject| subject.name().to_owned()).unwrap_or_default()
    }

    /// Returns whether the subject in progress is a message to revoke.
    pub(super) fn is_revocation(&self) -> bool {
        !self.active.is_empty() && matches!(self.subject(), Some(Subject::Revocation { .. }))
    }

    /// Returns the subject in progress.
    fn subject(&self) -> Option<&Subject> {
        self.subjects.get(self.active.start)
    }
}
