//! The common part of all flows: the outstanding action and its input, the clock, checkpoints, the
//! login check, cookies, cancellation, and the end of the job.

mod progress;
mod saving;

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use super::call::{Call, CallDue, CallEvent};
use super::checkpoints::Checkpoints;
use super::clock::{Clock, Moment};
use super::cookies::PendingCookies;
use super::job::{Cx, Fail, Job, Next, Part, Transition};
use super::remembered::Remembered;
use super::retry::Retry;
use super::{Action, CallId, Input, UnexpectedInput};
use crate::model::error::{Error, ErrorKind};
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;

/// Runs a job as a flow.
#[derive(Clone)]
pub(super) struct Runner<J: Job> {
    pub(super) job: J,
    seed: Seed,
    policy: Policy,
    clock: Clock,
    /// Identifies the login that the job began in.
    login: LoginMarks,
    due: Due<J::Output>,
    call: Call,
    cookies: PendingCookies,
    checkpoints: Option<Box<Checkpoints>>,
}

/// Identifies a login, within this process and in snapshots.
#[derive(Clone)]
struct LoginMarks {
    mark: u64,
    fingerprint: String,
}

#[derive(Clone)]
enum Due<T> {
    Settle,
    Call,
    Read(Range<u64>),
    Write(u64, Bytes),
    Done(Result<T, Box<Error>>),
}

impl<J: Job> Runner<J> {
    pub(super) fn new(job: J, session: &Session, seed: Seed, policy: Policy) -> Self {
        let fingerprint = session.fingerprint(&seed.entropy);
        Self {
            job,
            seed,
            policy,
            clock: Clock::new(seed.unix_ms),
            login: LoginMarks { mark: session.login_mark(), fingerprint },
            due: Due::Settle,
            call: Call::not_begun(CallId::FIRST),
            cookies: PendingCookies::default(),
            checkpoints: None,
        }
    }

    /// Creates the runner of a job that requires a login.
    pub(super) fn for_login(
        job: J,
        session: &Session,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        session.check_login().map_err(|error| Error::new(Step::Prepare, error))?;
        Ok(Self::new(job, session, seed, policy))
    }

    pub(super) fn seed(&self) -> Seed {
        self.seed
    }

    /// Sets the time of the first poll.
    pub(super) fn started_at(self, time: UnixMs) -> Self {
        Self { clock: Clock::new(time), ..self }
    }

    /// Starts at `time` with a saved message. If it is too late to send the message again, the job
    /// ends at once.
    pub(super) fn remembering(self, retry: Retry, delivery: Remembered, time: UnixMs) -> Self {
        let mut runner = self.started_at(time);
        runner.call.begin(retry);
        runner.due = Due::Call;
        let (clock, policy) = (&runner.clock, &runner.policy);
        let at = Moment { now: Duration::ZERO, clock, policy };
        if let Some(kind) = runner.call.remember(delivery, at) {
            runner.end(kind);
        }
        runner
    }

    /// Makes the job save each new state with [`Action::Save`].
    pub(super) fn checkpointed(self) -> Self {
        Self { checkpoints: Some(Box::default()), ..self }
    }

    /// Returns whether the job has ended.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.due, Due::Done(_))
    }

    /// Returns the error that the job ended with.
    pub(super) fn error(&self) -> Option<&Error> {
        match &self.due {
            Due::Done(Err(error)) => Some(error),
            _ => None,
        }
    }

    pub(super) fn poll(
        &mut self,
        session: &mut Session,
        now: Duration,
    ) -> Action<Result<J::Output, Error>> {
        self.clock.start(now);
        if J::WITHIN_LOGIN && session.login_mark() != self.login.mark {
            self.cookies = PendingCookies::default();
            self.abandon(ErrorKind::LoginChanged);
        }
        // The start time of a resumed job may be unknown.
        let time = self.clock.time(now).max(self.seed.unix_ms);
        self.cookies.apply_to(self.job.session(session), time);
        if let Some(snapshot) = self.outstanding_save() {
            return Action::Save(snapshot.clone());
        }
        loop {
            let at = Moment { now, clock: &self.clock, policy: &self.policy };
            let due = match self.due {
                Due::Settle => {
                    self.step(now, |job, cx| job.settle(session, cx));
                    continue;
                }
                Due::Call => match self.call.due(at) {
                    CallDue::Over(kind) => {
                        self.end(kind);
                        continue;
                    }
                    CallDue::Make => {
                        self.make(session, now);
                        continue;
                    }
                    due => Some(due),
                },
                _ => None,
            };
            let leaves = matches!(due, Some(CallDue::Send)) && self.call.retry().is_message();
            if let Some(snapshot) = self.checkpoint(leaves, now) {
                return Action::Save(snapshot);
            }
            if let Due::Done(Ok(output)) = &self.due
                && session.login_mark() == self.login.mark
            {
                self.job.record(output, session);
            }
            return match (&self.due, due) {
                (Due::Read(span), _) => Action::Read(span.clone()),
                (Due::Write(at, bytes), _) => Action::Write(*at, bytes.clone()),
                (Due::Done(done), _) => Action::Done(done.clone().map_err(|error| *error)),
                (_, Some(CallDue::Send)) => self.send(now),
                (_, Some(CallDue::Receive(id))) => Action::Receive(id),
                (_, Some(CallDue::Wait(until))) => Action::Wait(until),
                (Due::Settle | Due::Call, _) => Action::Wait(now),
            };
        }
    }

    /// Makes the request of a new try.
    fn make(&mut self, session: &mut Session, now: Duration) {
        let (job, cx) = self.cx(now);
        let job_session = job.session(session).clone();
        match job.request(&job_session, &cx) {
            Ok(request) => {
                let at = Moment { now, clock: &self.clock, policy: &self.policy };
                self.call.made(request, at);
            }
            Err(kind) => {
                // An earlier try may still have delivered the message.
                let kind = self.call.abandoned(kind);
                self.call_failed(kind, now);
            }
        }
    }

    fn send<T>(&mut self, now: Duration) -> Action<T> {
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.left();
        }
        self.call.send(Moment { now, clock: &self.clock, policy: &self.policy })
    }

    pub(super) fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        if self.outstanding_save().is_some() {
            return self.save_input(input);
        }
        match (&self.due, input) {
            (Due::Read(_) | Due::Write(..), Input::Local(error)) => self.end(error.into()),
            (Due::Read(span), Input::Read(bytes))
                if bytes.len() as u64 <= span.end - span.start =>
            {
                self.step(now, |job, cx| job.loaded(bytes, cx));
            }
            (Due::Write(..), Input::Written) => self.part(Part::Written, now),
            (Due::Call, input) => self.call_input(input, now)?,
            _ => return Err(UnexpectedInput),
        }
        Ok(())
    }

    fn call_input(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        if let (Input::Head(id, head), Some(request)) = (&input, self.call.awaits_head())
            && *id == self.call.id()
        {
            let head = self.job.accepts_cookies().then_some(head);
            self.cookies.begin(head, request.http().uri());
        }
        match self.call.take_input(input).ok_or(UnexpectedInput)? {
            CallEvent::Nothing => {}
            CallEvent::Reply(reply) => self.read(now, |job, cx| job.reply(&reply, cx)),
            CallEvent::Head(head) => self.part(Part::Head(head), now),
            CallEvent::Body(bytes) => self.part(Part::Body(bytes), now),
            CallEvent::End => self.part(Part::End, now),
            CallEvent::Unusable(error) => self.unusable(error, Duration::ZERO, now),
            CallEvent::Failed(error) => {
                self.cookies.refused();
                let at = Moment { now, clock: &self.clock, policy: &self.policy };
                let ended = if self.job.is_restartable() {
                    self.call.failed(error, at)
                } else {
                    Err(ErrorKind::Network { error, tries: self.call.tries() })
                };
                self.ended(ended, now);
            }
        }
        Ok(())
    }

    pub(super) fn cancel(&mut self) {
        self.abandon(ErrorKind::Cancelled);
    }

    /// Ends the job now, unless it is over. If its message may have been delivered, it ends as
    /// uncertain.
    fn abandon(&mut self, kind: ErrorKind) {
        if self.is_over() {
            return;
        }
        let kind = self.call.abandoned(kind);
        self.due = Due::Done(Err(Box::new(self.job.error(kind))));
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.forget();
        }
    }

    fn cx(&mut self, now: Duration) -> (&mut J, Cx<'_>) {
        let cx = Cx {
            policy: &self.policy,
            seed: self.seed,
            now,
            time: self.clock.time(now),
            repeated: self.call.repeated(),
        };
        (&mut self.job, cx)
    }

    /// Calls a transition of the job.
    fn step(
        &mut self,
        now: Duration,
        transition: impl FnOnce(&mut J, &Cx<'_>) -> Transition<J::Output>,
    ) {
        let (job, cx) = self.cx(now);
        let next = transition(job, &cx);
        self.enter(next, now);
    }

    /// Calls a transition that may reject the reply.
    fn read(
        &mut self,
        now: Duration,
        read: impl FnOnce(&mut J, &Cx<'_>) -> Transition<J::Output, Fail>,
    ) {
        let (job, cx) = self.cx(now);
        match read(job, &cx) {
            Ok(next) => {
                // A streamed reply has passed its checks when its first bytes are passed on.
                if !matches!(next, Next::Receive) {
                    self.cookies.accept();
                }
                self.enter(Ok(next), now);
            }
            Err(Fail::Unusable(error, at_least)) => self.unusable(error, at_least, now),
            Err(Fail::Final(kind)) => self.end(kind),
        }
    }

    fn part(&mut self, part: Part, now: Duration) {
        self.read(now, |job, cx| job.part(part, cx));
    }

    fn unusable(&mut self, error: ReplyError, at_least: Duration, now: Duration) {
        self.cookies.refused();
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
            Err(kind) => self.call_failed(kind, now),
        }
    }

    /// Handles the final error of the call.
    fn call_failed(&mut self, kind: ErrorKind, now: Duration) {
        self.step(now, |job, cx| job.failed(kind, cx));
    }

    fn end(&mut self, kind: ErrorKind) {
        self.due = Due::Done(Err(Box::new(self.job.error(kind))));
    }

    fn enter(&mut self, next: Transition<J::Output>, now: Duration) {
        let at = Moment { now, clock: &self.clock, policy: &self.policy };
        self.due = match next {
            Ok(Next::Settle) => Due::Settle,
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
            Ok(Next::Read(span)) => {
                self.call.release();
                Due::Read(span)
            }
            Ok(Next::Receive) => Due::Call,
            Ok(Next::Write(at, bytes)) => Due::Write(at, bytes),
            Ok(Next::Done(output)) => Due::Done(Ok(output)),
            Err(kind) => return self.end(kind),
        };
    }
}

/// Shows the job and its state, but neither the session nor any bytes.
impl<J: Job + std::fmt::Debug> std::fmt::Debug for Runner<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let due = match &self.due {
            Due::Settle => "settle",
            Due::Call => "call",
            Due::Read(_) => "read",
            Due::Write(..) => "write",
            Due::Done(_) => "done",
        };
        f.debug_struct("Runner").field("job", &self.job).field("due", &due).finish_non_exhaustive()
    }
}
