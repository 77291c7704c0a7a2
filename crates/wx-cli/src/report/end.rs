//! The end of the work: problems, subjects that were not started, and the exit code.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use wx_proto::Advice;

use super::Report;
use super::state::State;
use crate::event::{self, Subject};
use crate::out;
use crate::problem::{Class, Problem};
use crate::rate_limit;

impl Report {
    /// Reports one problem for all these subjects. Returns whether to continue with other subjects.
    pub(crate) fn problem(&self, subjects: Range<usize>, problem: &Problem) -> ControlFlow<()> {
        let problem = &self.checked(problem);
        let mut state = self.state();
        let settled = self.settled(&mut state, subjects, problem);
        let Some((first, _)) = settled.first() else { return ControlFlow::Break(()) };
        count_limit(&state, problem);
        if problem.class == Class::Stopped && state.endless {
            return ControlFlow::Break(());
        }
        state.login_over |= problem.advice == Some(Advice::LoginAgain);
        let line = line(&state, &settled, problem);
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

    /// Records that the server has said "too frequent", if this is the problem, which is otherwise
    /// not reported.
    pub(crate) fn count_limit(&self, problem: &Problem) {
        count_limit(&self.state(), problem);
    }

    /// Returns whether the server has said that the login is over.
    pub(crate) fn is_login_over(&self) -> bool {
        self.state().login_over
    }

    /// Ends the work on the only subject. A success is not reported as an event.
    pub(crate) fn end(&self, result: Result<(), Problem>) {
        match result {
            Ok(()) => self.known(0),
            Err(problem) => {
                let _ = self.problem(0..1, &problem);
            }
        }
    }

    /// Reports a problem that prevents all work and concerns something other than a subject, such
    /// as the session file.
    pub(crate) fn refuse(&self, thing: &Path, problem: &Problem) {
        let problem = &self.checked(problem);
        let mut state = self.state();
        let line = format!("{}: {}", thing.display(), problem.sentence());
        state.aside(|| out::error(&line));
        let _ = state.count(problem.class);
        let never = Problem { step: "not_started", ..problem.clone().about(thing.display()) };
        self.rest(&mut state, &never);
    }

    /// Reports that the command ends because standard output cannot be written.
    pub(crate) fn refuse_output(&self, why: &str) {
        self.state().output_refused = true;
        let problem = Problem::local(why, Advice::CheckFile).with_output();
        self.refuse(Path::new("standard output"), &problem);
    }

    /// Returns the problem to report. A job that is cancelled although nobody has stopped the
    /// command is a bug.
    fn checked(&self, problem: &Problem) -> Problem {
        if problem.class != Class::Stopped || self.stopped() {
            return problem.clone();
        }
        let what = "the job was cancelled, but not by a signal";
        Problem { step: problem.step, ..Problem::local(what, Advice::Report) }
    }

    /// Ends the work and returns the exit code. Subjects without an event were not started.
    pub(crate) fn finish(&self) -> u8 {
        let mut state = self.state();
        state.failed |= state.open.contains(&true);
        self.not_started(&mut state);
        state.clear_bar();
        let lost = out::lost().filter(|_| !state.output_refused);
        if let Some(why) = lost.filter(|_| !out::is_receipt_lost()) {
            out::error(&format!(
                "standard output could not be written ({why}): some results were not printed"
            ));
        }
        match (state.unknown, state.usage, state.login, state.failed) {
            (true, ..) => 4,
            (_, true, ..) => 2,
            (_, _, true, _) => 3,
            (_, _, _, true) => 1,
            _ if lost.is_some() || out::is_receipt_lost() => UNPRINTED,
            _ if state.no_picture => NO_PICTURE,
            _ => 0,
        }
    }

    /// Ends the only subject successfully although the work is still running, and returns the exit
    /// code. Nothing more is printed after this.
    pub(crate) fn finish_early(&self) -> u8 {
        self.known(0);
        let code = self.finish();
        self.state().closed = true;
        code
    }

    /// Reports the state of all open subjects when the work did not stop by itself. Returns
    /// [`Class::Unknown`] if a message may have been delivered.
    pub(crate) fn interrupt(&self) -> Class {
        let mut state = self.state();
        let problem = state.interrupted();
        let active = state.active.clone();
        let settled = self.settled(&mut state, active, &problem);
        state.clear_bar();
        if !state.endless {
            out::error(&line(&state, &settled, &problem));
            self.tell_settled(&state, &settled, &problem);
            self.not_started(&mut state);
        }
        state.closed = true;
        if state.unknown { Class::Unknown } else { problem.class }
    }

    /// Reports the number of messages that were not started, and an event for each.
    fn not_started(&self, state: &mut State) {
        let is_left = |(number, subject): &(usize, &Subject)| {
            state.open[*number]
                && !state.in_doubt.contains(number)
                && !matches!(subject, Subject::Login { .. })
        };
        let count = match state.subjects.iter().enumerate().filter(is_left).count() {
            0 => None,
            1 => Some("1 message was".to_owned()),
            several => Some(format!("{several} messages were")),
        };
        if let Some(count) = count {
            state.aside(|| out::error(&format!("{count} not started")));
        }
        self.rest(state, &never_tried());
    }

    /// Reports an event for each open subject.
    fn rest(&self, state: &mut State, problem: &Problem) {
        let all = 0..state.subjects.len();
        let settled = self.settled(state, all, problem);
        self.tell_settled(state, &settled, problem);
    }

    /// Settles the open subjects, and returns each with the problem to report.
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

    /// Reports the events of these subjects. A subject whose problem is of another class than
    /// `problem` gets its own line.
    fn tell_settled(&self, state: &State, settled: &[(Subject, Problem)], problem: &Problem) {
        state.aside(|| {
            for (subject, judged) in settled {
                if let (Subject::Outbound { given, .. }, true) =
                    (subject, judged.class != problem.class)
                {
                    let name = subject.name();
                    out::error(&format!("{name}: to {given}: {}", judged.sentence()));
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
}

/// The exit code of a command that has succeeded, but could not write its results.
const UNPRINTED: u8 = 5;

/// The exit code of `wx avatar` if there is no picture.
const NO_PICTURE: u8 = 6;

/// Returns the line about subjects with the same problem: messages of one file, or one other
/// subject. Recipients are named if that distinguishes the messages.
fn line(state: &State, settled: &[(Subject, Problem)], problem: &Problem) -> String {
    let Some((first, _)) = settled.first() else { return problem.sentence() };
    let is_stopped = problem.class == Class::Stopped;
    // Messages that an earlier run may have sent get their own line.
    let stopped_or_all = |judged: &Problem| !is_stopped || judged.class == Class::Stopped;
    let given =
        settled.iter().filter(|(_, judged)| stopped_or_all(judged)).filter_map(|(subject, _)| {
            match subject {
                Subject::Outbound { given, .. } => Some(given.as_str()),
                _ => None,
            }
        });
    let given: Vec<_> = given.collect();
    let is_named =
        state.subjects.len() > 1 && (given.len() == 1 || is_stopped && !given.is_empty());
    let to = if is_named { format!("to {}: ", given.join(", ")) } else { String::new() };
    let nothing = if is_stopped && !given.is_empty() { ": nothing was sent" } else { "" };
    format!("{}: {to}{}{nothing}", first.name(), problem.sentence())
}

fn count_limit(state: &State, problem: &Problem) {
    if let (Some(rate_limit::RET), Some(session)) = (problem.ret, &state.session) {
        rate_limit::remember(session);
    }
}

fn never_tried() -> Problem {
    Problem {
        step: "not_started",
        advice: None,
        ..Problem::local("not started", Advice::RetryLater)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use wx_proto::{Error, ErrorKind, Step};

    use super::*;
    use crate::args::Args;

    #[test]
    fn only_a_stopped_command_is_told_as_interrupted() {
        let args = Args::parse_from(["wx", "demo"]);
        let report = Report::new(&args.global, Vec::new());
        let told = || report.checked(&Error::new(Step::Upload, ErrorKind::Cancelled).into());
        assert_eq!((told().class, told().advice), (Class::Failed, Some(Advice::Report)));
        report.stop();
        assert_eq!((told().class, told().advice), (Class::Stopped, Some(Advice::RetryLater)));
    }
}
