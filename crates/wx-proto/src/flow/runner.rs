//! What all jobs share: the outstanding action and what answers it, the clock, cancelling, the end.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use super::call::{Call, CallDue, Heard, Moment, Remembered};
use super::clock::Clock;
use super::job::{Cx, Fail, Job, Next, Part};
use super::retry::Retry;
use super::snapshot::Saved;
use super::{Action, CallId, Input, Progress, UnexpectedInput};
use crate::model::error::{Error, ErrorKind};
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::session::Session;

/// Runs a job.
#[derive(Clone)]
pub(super) struct Runner<J: Job> {
    pub(super) job: J,
    session: Session,
    seed: Seed,
    policy: Policy,
    clock: Clock,
    due: Due<J::Output>,
    call: Call,
}

#[derive(Clone)]
enum Due<T> {
    Start,
    Call,
    Read(Range<u64>),
    Write(u64, Bytes),
    Done(Result<T, Box<Error>>),
}

impl<J: Job> Runner<J> {
    pub(super) fn new(job: J, session: Session, seed: Seed, policy: Policy) -> Self {
        let (clock, call) = (Clock::new(seed.unix_ms), Call::none(CallId::FIRST));
        Self { job, session, seed, policy, clock, due: Due::Start, call }
    }

    /// The first poll is at `unix_ms` (Unix milliseconds).
    pub(super) fn started_at(self, unix_ms: u64) -> Self {
        Self { clock: Clock::new(unix_ms), ..self }
    }

    /// Begins at `unix_ms` with a message as it was saved. One that is too late to leave again has
    /// ended before it begins.
    pub(super) fn remembering(self, retry: Retry, delivery: Remembered, unix_ms: u64) -> Self {
        let mut runner = self.started_at(unix_ms);
        runner.call.begin(retry);
        runner.due = Due::Call;
        let (clock, policy) = (&runner.clock, &runner.policy);
        let at = Moment { now: Duration::ZERO, clock, policy };
        if let Some(kind) = runner.call.remember(delivery, at) {
            runner.end(kind);
        }
        runner
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn seed(&self) -> Seed {
        self.seed
    }

    /// Returns the error that it ended with.
    pub(super) fn error(&self) -> Option<&Error> {
        match &self.due {
            Due::Done(Err(error)) => Some(error),
            _ => None,
        }
    }

    pub(super) fn poll(&mut self, now: Duration) -> Action<Result<J::Output, Error>> {
        self.clock.start(now);
        loop {
            match &self.due {
                Due::Start => self.step(now, J::start),
                Due::Read(span) => return Action::Read(span.clone()),
                Due::Write(at, bytes) => return Action::Write(*at, bytes.clone()),
                Due::Done(done) => return Action::Done(done.clone().map_err(|error| *error)),
                Due::Call => {
                    let at = Moment { now, clock: &self.clock, policy: &self.policy };
                    match self.call.due(at) {
                        CallDue::Wait(until) => return Action::Wait(until),
                        CallDue::Receive(id) => return Action::Receive(id),
                        CallDue::Send => return self.call.hand_out(at),
                        CallDue::Over(kind) => self.end(kind),
                        CallDue::Make => self.make(now),
                    }
                }
            }
        }
    }

    /// Makes the request of a new try.
    fn make(&mut self, now: Duration) {
        let (job, mut cx) = self.cx(now);
        if let Some(next) = job.before_try(&mut cx) {
            return self.enter(next, now);
        }
        match job.request(&mut cx) {
            Ok(request) => {
                let at = Moment { now, clock: &self.clock, policy: &self.policy };
                self.call.made(request, at);
            }
            Err(kind) => self.gone(kind, now),
        }
    }

    pub(super) fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        match (&self.due, input) {
            (Due::Read(_) | Due::Write(..), Input::Local(error)) => self.end(error.into()),
            (Due::Read(span), Input::Read(bytes))
                if bytes.len() as u64 <= span.end - span.start =>
            {
                self.step(now, |job, cx| job.loaded(bytes, cx));
            }
            (Due::Write(..), Input::Written) => self.part(Part::Written, now),
            (Due::Call, input) => match self.call.handle(input)? {
                Heard::Nothing => {}
                Heard::Reply(reply) => self.read(now, |job, cx| job.reply(&reply, cx)),
                Heard::Head(head) => self.part(Part::Head(head), now),
                Heard::Body(bytes) => self.part(Part::Body(bytes), now),
                Heard::End => self.part(Part::End, now),
                Heard::Unusable(error) => self.unusable(error, Duration::ZERO, now),
                Heard::Failed(failure) => {
                    let at = Moment { now, clock: &self.clock, policy: &self.policy };
                    let ended = if self.job.is_restartable() {
                        self.call.failed(failure, at)
                    } else {
                        Err(ErrorKind::Network { failure, tries: self.call.tries() })
                    };
                    self.ended(ended, now);
                }
            },
            _ => return Err(UnexpectedInput),
        }
        Ok(())
    }

    pub(super) fn progress(&self) -> Progress {
        let at = self.job.progress();
        match &self.due {
            Due::Start | Due::Read(_) => at,
            Due::Call | Due::Write(..) => {
                Progress { in_doubt: self.call.in_doubt(), ..self.call.progress(at) }
            }
            // Of what may have been delivered, and of a picture, the tries are of interest still.
            Due::Done(_) if self.call.retry().is_message() || self.call.retry().streamed => {
                self.call.progress(at)
            }
            Due::Done(_) => at,
        }
    }

    pub(super) fn saved(&self) -> Option<Saved> {
        let done = match &self.due {
            Due::Done(Ok(output)) => Some(output),
            _ => None,
        };
        self.job.saved(done, self.call.first_ms())
    }

    pub(super) fn cancel(&mut self) {
        if !matches!(self.due, Due::Done(_)) {
            let kind = self.call.abandoned(ErrorKind::Cancelled);
            self.due = Due::Done(Err(Box::new(self.job.cancelled(kind))));
        }
    }

    fn cx(&mut self, now: Duration) -> (&mut J, Cx<'_>) {
        let cx = Cx {
            session: &mut self.session,
            policy: &self.policy,
            seed: self.seed,
            now,
            unix_ms: self.clock.unix_ms(now),
            repeated: self.call.repeated(),
        };
        (&mut self.job, cx)
    }

    /// Makes a transition of the job.
    fn step(
        &mut self,
        now: Duration,
        transition: impl FnOnce(&mut J, &mut Cx<'_>) -> Result<Next<J::Output>, ErrorKind>,
    ) {
        let (job, mut cx) = self.cx(now);
        let next = transition(job, &mut cx);
        self.enter(next, now);
    }

    /// Makes a transition that may find the reply of no use.
    fn read(
        &mut self,
        now: Duration,
        read: impl FnOnce(&mut J, &mut Cx<'_>) -> Result<Next<J::Output>, Fail>,
    ) {
        let (job, mut cx) = self.cx(now);
        match read(job, &mut cx) {
            Ok(next) => self.enter(Ok(next), now),
            Err(Fail::Unusable(error, at_least)) => self.unusable(error, at_least, now),
            Err(Fail::Final(kind)) => self.end(kind),
        }
    }

    fn part(&mut self, part: Part, now: Duration) {
        self.read(now, |job, cx| job.part(part, cx));
    }

    fn unusable(&mut self, error: ReplyError, at_least: Duration, now: Duration) {
        let at = Moment { now, clock: &self.clock, policy: &self.policy };
        let ended = if self.job.is_restartable() {
            self.call.unusable(error, at_least, at)
        } else {
            Err(error.into())
        };
        self.ended(ended, now);
    }

    fn ended(&mut self, ended: Result<(), ErrorKind>, now: Duration) {
        match ended {
            Ok(()) => self.due = Due::Call,
            Err(kind) => self.gone(kind, now),
        }
    }

    /// The call came to nothing, for good.
    fn gone(&mut self, kind: ErrorKind, now: Duration) {
        self.step(now, |job, cx| job.failed(kind, cx));
    }

    fn end(&mut self, kind: ErrorKind) {
        self.due = Due::Done(Err(Box::new(self.job.error(kind))));
    }

    fn enter(&mut self, next: Result<Next<J::Output>, ErrorKind>, now: Duration) {
        let at = Moment { now, clock: &self.clock, policy: &self.policy };
        self.due = match next {
            Ok(Next::Call(retry)) => {
                self.call.begin(retry);
                Due::Call
            }
            Ok(Next::Idle(retry)) => {
                self.call.idle(retry, at);
                Due::Call
            }
            Ok(Next::Pause(retry)) => {
                self.call.pause(retry, at);
                Due::Call
            }
            Ok(Next::Read(span)) => Due::Read(span),
            Ok(Next::Receive) => Due::Call,
            Ok(Next::Write(at, bytes)) => Due::Write(at, bytes),
            Ok(Next::Done(output)) => Due::Done(Ok(output)),
            Err(kind) => return self.end(kind),
        };
    }
}

/// Shows the job and where it is. The session and what is read and written stay hidden.
impl<J: Job + std::fmt::Debug> std::fmt::Debug for Runner<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let due = match &self.due {
            Due::Start => "start",
            Due::Call => "call",
            Due::Read(_) => "read",
            Due::Write(..) => "write",
            Due::Done(_) => "done",
        };
        f.debug_struct("Runner").field("job", &self.job).field("due", &due).finish_non_exhaustive()
    }
}

/// Makes a public flow of a private job.
macro_rules! flow {
    ($name:ident($job:ty) -> $output:ty) => {
        impl $crate::flow::Flow for $name {
            type Output = Result<$output, $crate::model::error::Error>;

            fn poll(&mut self, now: std::time::Duration) -> $crate::flow::Action<Self::Output> {
                self.0.poll(now)
            }

            fn handle(
                &mut self,
                input: $crate::flow::Input,
                now: std::time::Duration,
            ) -> Result<(), $crate::flow::UnexpectedInput> {
                self.0.handle(input, now)
            }

            fn progress(&self) -> $crate::flow::Progress {
                self.0.progress()
            }

            fn snapshot(&self) -> Option<$crate::flow::Snapshot> {
                let saved = self.0.saved()?;
                Some($crate::flow::Snapshot::new(self.0.session(), self.0.seed(), saved))
            }

            fn cancel(&mut self) {
                self.0.cancel();
            }
        }
    };
}
pub(super) use flow;
