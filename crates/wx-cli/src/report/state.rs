//! What is known of the work so far.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};
use std::path::PathBuf;

use indicatif::ProgressBar;
use wx_proto::{Advice, ChunkNumber, LocalId, MediaId, Step};

use crate::event::Subject;
use crate::out;
use crate::problem::{Class, INTERRUPTED, Problem};

#[derive(Default)]
pub(super) struct State {
    pub(super) subjects: Vec<Subject>,
    /// Those that no event was about yet.
    pub(super) open: Vec<bool>,
    /// Those that may have been sent by an earlier run: they are never told as failed.
    pub(super) in_doubt: BTreeSet<usize>,
    /// Those that are being worked at.
    pub(super) active: Range<usize>,
    pub(super) under_way: UnderWay,
    /// Results go to standard error because the picture itself goes to standard output.
    pub(super) results_aside: bool,
    pub(super) note: Option<String>,
    pub(super) bar: Option<ProgressBar>,
    pub(super) failed: bool,
    pub(super) login: bool,
    pub(super) unknown: bool,
    /// The command cannot work as it was called.
    pub(super) usage: bool,
    /// The session file that a rate limit is noted beside.
    pub(super) session: Option<PathBuf>,
    /// The command has no other end than that the user stops it, which is not worth a word.
    pub(super) endless: bool,
    /// The command was interrupted: nothing more is to be said.
    pub(super) closed: bool,
}

/// What is being done now.
#[derive(Default)]
pub(super) struct UnderWay {
    pub(super) step: Option<Step>,
    pub(super) chunk: Option<ChunkNumber>,
    pub(super) attempt: Option<u32>,
    pub(super) local_id: Option<LocalId>,
    pub(super) in_doubt: bool,
    pub(super) media_id: Option<MediaId>,
}

impl State {
    /// The subject, if no event was about it yet and one may be.
    pub(super) fn settle(&mut self, subject: usize) -> Option<Subject> {
        if self.closed || !std::mem::take(self.open.get_mut(subject)?) {
            return None;
        }
        self.under_way.in_doubt = false;
        self.subjects.get(subject).cloned()
    }

    /// What is to be told of a subject that `problem` stands in the way of.
    pub(super) fn judge(&self, subject: usize, problem: &Problem) -> Problem {
        let is_certain = !matches!(problem.class, Class::Unknown | Class::InDoubt | Class::GivenUp);
        if is_certain && self.in_doubt.contains(&subject) {
            Problem::in_doubt()
        } else {
            problem.clone()
        }
    }

    /// What an interruption at this moment means.
    pub(super) fn interrupted(&self) -> Problem {
        let now = &self.under_way;
        let (class, advice, message) = if now.in_doubt {
            (Class::Unknown, Advice::LookAtPhone, "interrupted: it may have been delivered")
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
            Class::Failed | Class::SlowDown | Class::Stopped => self.failed = true,
            Class::Login => self.login = true,
            Class::Unknown | Class::InDoubt => self.unknown = true,
            Class::Usage => self.usage = true,
            Class::GivenUp => {}
        }
        match class {
            Class::Failed | Class::InDoubt | Class::GivenUp => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }

    pub(super) fn say(&self, json: bool, line: &str) {
        self.aside(|| if json || self.results_aside { out::note(line) } else { out::line(line) });
    }

    /// Prints without the bar in the way.
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

    /// What is being worked at.
    pub(super) fn name(&self) -> String {
        self.subjects
            .get(self.active.start)
            .map(|subject| subject.name().to_owned())
            .unwrap_or_default()
    }
}
